// Checkpoints: what goes in comes out, and nothing broken is accepted.
#include "hasten/train/checkpoint.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "hasten/base/error.h"
#include "hasten/base/files.h"
#include "hasten/base/hash.h"
#include "hasten/train/test_run.h"

namespace hasten {
namespace {

struct Thing {
  at::Tensor weight = at::randn({3, 4, 2, 2}).contiguous(at::MemoryFormat::ChannelsLast);
  at::Tensor half = at::randn({5}).to(at::kBFloat16);
  at::Tensor nothing, late;
  std::vector<at::Tensor> list;
  int64_t count = 7;
  double number = 0.1;
  bool flag = true;
  std::string text = "a \"b\"\n";
  std::vector<int64_t> order{3, 1, 2};

  void state(StateVisitor& v) {
    StateVisitor::Scope scope(v, "thing");
    v.tensor("weight", weight);
    v.tensor("half", half);
    v.tensor("nothing", nothing);
    v.tensor("late", late);
    v.tensors("list", list);
    v.integer("count", count);
    v.number("number", number);
    v.truth("flag", flag);
    v.text("text", text);
    v.integers("order", order);
  }
};

class CheckpointTest : public ::testing::Test {
 protected:
  std::filesystem::path save(Thing& thing) {
    std::filesystem::path path = dir_.path() / "a.safetensors";
    save_checkpoint(path, {"abc", 18446744073709551615u, 12, 1, 345}, [&](StateVisitor& v) { thing.state(v); });
    return path;
  }
  // The message with which a changed file is refused.
  std::string refusal(const std::function<void(std::string&)>& change) {
    Thing thing;
    std::filesystem::path path = save(thing);
    std::string bytes = read_file(path);
    change(bytes);
    write_file_atomic(path, bytes);
    try {
      CheckpointReader reader(path);
    } catch (const DataError& error) {
      return error.what();
    }
    return "accepted";
  }
  testing::TemporaryDirectory dir_;
};

TEST_F(CheckpointTest, RestoresEverything) {
  Thing saved;
  saved.late = at::arange(6);
  saved.list = {at::randn({2}), at::randn({3})};
  CheckpointReader reader(save(saved));
  EXPECT_EQ(reader.info().recipe_hash, "abc");
  EXPECT_EQ(reader.info().seed, 18446744073709551615u);
  EXPECT_EQ(reader.info().events_offset, 345);

  Thing loaded;
  at::Tensor handle = loaded.weight;  // keeps its identity: optimizers and averages hold it too
  loaded.count = 0;
  loaded.order.clear();
  loaded.flag = false;
  reader.restore([&](StateVisitor& v) { loaded.state(v); });
  EXPECT_TRUE(at::equal(handle, saved.weight));
  EXPECT_TRUE(at::equal(loaded.half, saved.half));
  EXPECT_TRUE(at::equal(loaded.late, saved.late));
  ASSERT_EQ(loaded.list.size(), 2u);
  EXPECT_TRUE(at::equal(loaded.list[1], saved.list[1]));
  EXPECT_FALSE(loaded.nothing.defined());
  EXPECT_EQ(loaded.count, 7);
  EXPECT_EQ(loaded.number, 0.1);
  EXPECT_TRUE(loaded.flag);
  EXPECT_EQ(loaded.text, saved.text);
  EXPECT_EQ(loaded.order, saved.order);
}

TEST_F(CheckpointTest, RefusesBrokenFiles) {
  EXPECT_NE(refusal([](std::string& b) { b.resize(b.size() - 40); }).find("truncated or corrupt"), std::string::npos);
  EXPECT_NE(refusal([](std::string& b) { b.resize(3); }).find("truncated checkpoint"), std::string::npos);
  EXPECT_NE(refusal([](std::string& b) { b[b.size() / 2] ^= 1; }).find("checksum does not match"), std::string::npos);
  EXPECT_NE(refusal([](std::string& b) { b[20] ^= 1; }).find("checksum does not match"), std::string::npos);
  EXPECT_NE(refusal([](std::string& b) { b += "x"; }).find("checksum does not match"), std::string::npos);
}

TEST_F(CheckpointTest, RefusesANewerVersion) {
  std::string message = refusal([](std::string& b) {
    size_t at = b.find("\"version\":\"1\"");
    b[at + 11] = '9';
    // A whole file of a later version has a right checksum.
    uint64_t digest = hash64(std::string_view(b).substr(0, b.size() - 8));
    for (size_t i = 0; i < 8; ++i) b[b.size() - 8 + i] = static_cast<char>(digest >> (8 * i));
  });
  EXPECT_NE(message.find("version 9, newer than 1"), std::string::npos);
}

// A newer program would go on from it, so it is neither passed over nor removed.
TEST_F(CheckpointTest, ANewerVersionIsNotPassedOver) {
  refusal([](std::string& b) {
    b[b.find("\"version\":\"1\"") + 11] = '9';
    const uint64_t digest = hash64(std::string_view(b).substr(0, b.size() - 8));
    for (size_t i = 0; i < 8; ++i) b[b.size() - 8 + i] = static_cast<char>(digest >> (8 * i));
  });
  std::filesystem::create_directories(dir_.path() / "checkpoints");
  std::filesystem::rename(dir_.path() / "a.safetensors", checkpoint_path(dir_.path(), 12));
  Thing older;
  std::filesystem::rename(save(older), checkpoint_path(dir_.path(), 6));
  std::vector<std::string> skipped;
  EXPECT_THROW(newest_checkpoint(dir_.path(), &skipped), DataError);
  write_file_atomic(checkpoint_path(dir_.path(), 12), "half");
  EXPECT_NE(newest_checkpoint(dir_.path(), &skipped), nullptr);
  ASSERT_EQ(skipped.size(), 1u);
  EXPECT_NE(skipped[0].find("truncated checkpoint"), std::string::npos) << skipped[0];
}

TEST_F(CheckpointTest, RefusesAnotherShapeAndWhatIsLeftOver) {
  Thing saved;
  CheckpointReader reader(save(saved));
  Thing other;
  other.weight = at::zeros({3, 4, 2, 1});
  EXPECT_THROW(reader.restore([&](StateVisitor& v) { other.state(v); }), DataError);
  // A tensor in the file that nobody asks for would be state that is lost.
  int64_t count = 0;
  EXPECT_THROW(reader.restore([&](StateVisitor& v) {
    StateVisitor::Scope scope(v, "thing");
    v.integer("count", count);
  }),
               DataError);
}

}  // namespace
}  // namespace hasten
