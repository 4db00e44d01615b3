// The order of samples: complete epochs, anew each time, and resumable at any batch.
#include "hasten/data/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "hasten/base/error.h"

namespace hasten {
namespace {

// Saves integers by name, or puts saved ones back.
class Integers final : public StateVisitor {
 public:
  bool loading() const override { return load; }
  bool load = false;
  std::map<std::string, int64_t> values;

 private:
  void on_integer(const std::string& name, int64_t& value) override {
    if (load) value = values.at(name);
    else values[name] = value;
  }
  void on_tensor(const std::string&, at::Tensor&) override { FAIL(); }
  void on_number(const std::string&, double&) override { FAIL(); }
  void on_text(const std::string&, std::string&) override { FAIL(); }
  void on_integers(const std::string&, std::vector<int64_t>&) override { FAIL(); }
};

TEST(SamplerTest, EverySampleOnceAnEpochInAnotherOrder) {
  Sampler sampler(12, 3);
  std::vector<std::vector<int64_t>> epochs(2);
  for (auto& epoch : epochs) {
    for (int i = 0; i < 3; ++i) {
      std::vector<int64_t> ids = sampler.next(4).ids;
      epoch.insert(epoch.end(), ids.begin(), ids.end());
    }
    EXPECT_EQ(std::set<int64_t>(epoch.begin(), epoch.end()).size(), 12u);
    EXPECT_TRUE(sampler.epoch_finished(4));
  }
  EXPECT_EQ(sampler.epoch(), 1);
  EXPECT_NE(epochs[0], epochs[1]);
  EXPECT_NE(Sampler(12, 4).next(12).ids, epochs[0]) << "another seed, another order";
}

TEST(SamplerTest, TheIncompleteBatchIsLeftOutAndAnotherOneEachEpoch) {
  Sampler sampler(10, 1);
  std::set<int64_t> left_out;
  for (int epoch = 0; epoch < 20; ++epoch) {
    std::set<int64_t> seen;
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(sampler.epoch_finished(3), i == 0 && epoch > 0);
      for (int64_t id : sampler.next(3).ids) seen.insert(id);
      EXPECT_EQ(sampler.epoch(), epoch);
    }
    EXPECT_EQ(seen.size(), 9u);
    for (int64_t id = 0; id < 10; ++id) {
      if (!seen.contains(id)) left_out.insert(id);
    }
  }
  EXPECT_GT(left_out.size(), 5u);
}

TEST(SamplerTest, ResumesAtAnyBatch) {
  for (int done = 0; done < 8; ++done) {
    Sampler sampler(10, 5);
    for (int i = 0; i < done; ++i) sampler.next(3).ids;
    Integers saved;
    sampler.state(saved);
    saved.load = true;
    Sampler resumed(10, 5);
    resumed.next(2).ids;  // whatever it did before
    resumed.state(saved);
    for (int i = 0; i < 6; ++i) EXPECT_EQ(resumed.next(3).ids, sampler.next(3).ids) << done;
    EXPECT_EQ(resumed.epoch(), sampler.epoch());
  }
}

TEST(SamplerTest, BatchSizesMayChange) {
  Sampler sampler(10, 5);
  std::vector<int64_t> whole = Sampler(10, 5).next(10).ids, parts;
  for (int64_t size : {1, 4, 5}) {
    std::vector<int64_t> ids = sampler.next(size).ids;
    parts.insert(parts.end(), ids.begin(), ids.end());
  }
  EXPECT_EQ(parts, whole);
}

TEST(SamplerTest, RefusesABatchLargerThanTheData) {
  Sampler sampler(10, 5);
  EXPECT_THROW(sampler.next(11).ids, InternalError);
  EXPECT_THROW(sampler.next(0).ids, InternalError);
}

}  // namespace
}  // namespace hasten
