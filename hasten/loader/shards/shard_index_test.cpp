// Shards as they are written and read, and headers that lie.
#include "hasten/loader/shards/shard_index.h"

#include <gmock/gmock.h>

#include <cstring>
#include <functional>

#include "hasten/base/clock.h"
#include "hasten/base/error.h"
#include "hasten/loader/shards/set_files.h"
#include "hasten/loader/shards/shard_writer.h"
#include "hasten/loader/shards/test_source.h"

namespace hasten::shards {
namespace {

using testing::HasSubstr;

std::span<const uint8_t> bytes(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

void write_shard(const std::filesystem::path& path, const std::vector<TestSample>& samples, PackPlace place) {
  ShardWriter writer(path);
  uint64_t source = place.first;
  for (const TestSample& sample : samples) {
    writer.add({.hash = hash_of(bytes(sample.bytes)),
                .label = sample.label,
                .width = sample.width,
                .height = sample.height,
                .source = source++,
                .codec = static_cast<uint8_t>(sample.codec),
                .channels = sample.channels},
               bytes(sample.bytes), sample.name);
  }
  writer.finish(place, {"cat", "dog"}, "made by a test");
}

std::string error_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const DataError& error) {
    return error.what();
  }
  return "no error";
}

// The shard with its header changed and sealed again.
void change_header(const std::filesystem::path& path, const std::function<void(ShardHeader&)>& change) {
  std::string file = read_file(path);
  ShardHeader header;
  std::memcpy(&header, file.data(), sizeof header);
  change(header);
  seal(header);
  std::memcpy(file.data(), &header, sizeof header);
  write_file_atomic(path, file);
}

TEST(ShardIndex, ReadsWhatWasWritten) {
  TestFolder folder;
  auto samples = random_images(7);
  samples[3].name.clear();
  write_shard(folder / "part-00000.shard", samples, {1, 0, 7, 9});
  write_shard(folder / "part-00001.shard", {{"", Codec::kText, 0, 0, 0, -5, ""}, {"abcd", Codec::kTokens32}},
              {1, 7, 9, 9});
  auto index = open_shards(folder.path());
  ASSERT_EQ(index->size(), 9);
  EXPECT_EQ(index->format(), "shards");
  EXPECT_THAT(index->classes(), testing::ElementsAre("cat", "dog"));
  for (int64_t i = 0; i < 7; ++i) {
    const TestSample& sample = samples[static_cast<size_t>(i)];
    const SampleEntry entry = index->entry(i);
    const std::string file = read_file(index->files()[entry.file].path);
    EXPECT_EQ(file.substr(entry.offset, entry.bytes), sample.bytes);
    EXPECT_EQ(entry.hash, hash_of(bytes(sample.bytes)));
    EXPECT_EQ(entry.offset % kRecordAlign, 0u);
    EXPECT_EQ(std::tuple(entry.codec, entry.width, entry.height, entry.channels, entry.label),
              std::tuple(sample.codec, sample.width, sample.height, sample.channels, sample.label));
  }
  EXPECT_EQ(index->entry(7).label, -5);
  EXPECT_EQ(index->entry(8).file, 1u);
  EXPECT_EQ(index->describe(2), "images/2.raw (part-00000.shard, sample 2)");
  EXPECT_EQ(index->describe(3), "part-00000.shard, sample 3");
  EXPECT_EQ(index->describe(8), "part-00001.shard, sample 1");
  EXPECT_EQ(open_shards(folder / "part-00001.shard")->size(), 2);
  EXPECT_TRUE(holds_shards(folder.path()));
  EXPECT_TRUE(holds_shards(folder / "part-00001.shard"));
}

TEST(ShardIndex, AnUnfinishedWriterLeavesNothing) {
  TestFolder folder;
  {
    ShardWriter writer(folder / "part-00000.shard");
    writer.add({}, bytes(std::string(3 << 20, 'x')));
    EXPECT_TRUE(std::filesystem::exists(folder / "part-00000.shard.partial"));
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  EXPECT_FALSE(holds_shards(folder.path()));
}

TEST(ShardIndex, OfAnUnfinishedPackNothingIsRead) {
  TestFolder folder;
  const auto samples = random_images(3);
  write_shard(folder / "part-00000.shard", samples, {1, 0, 3, 6});
  EXPECT_THAT(error_of([&] { open_shards(folder.path()); }), HasSubstr("stopped at sample 3 of 6"));
  write_shard(folder / "part-00001.shard", samples, {1, 3, 6, 6});
  EXPECT_EQ(open_shards(folder.path())->size(), 6);
  write_shard(folder / "part-00002.shard", samples, {2, 0, 3, 6});
  EXPECT_EQ(open_shards(folder.path())->size(), 6);
  write_shard(folder / "part-00003.shard", samples, {2, 3, 6, 6});
  EXPECT_EQ(open_shards(folder.path())->size(), 12);
}

TEST(ShardIndex, MissingAndForeignShardsAreFound) {
  TestFolder folder;
  const auto samples = random_images(2);
  for (uint64_t k = 0; k < 3; ++k) write_shard(folder / shard_name(k), samples, {1, 2 * k, 2 * k + 2, 6});
  std::filesystem::rename(folder / shard_name(1), folder / "kept");
  EXPECT_THAT(error_of([&] { open_shards(folder.path()); }), HasSubstr("part-00001.shard: this shard is missing"));
  std::filesystem::rename(folder / shard_name(2), folder / shard_name(1));
  EXPECT_THAT(error_of([&] { open_shards(folder.path()); }), HasSubstr("starts at sample 4 of its source, not at 2"));
  write_shard(folder / shard_name(1), samples, {7, 2, 4, 6});
  EXPECT_THAT(error_of([&] { open_shards(folder.path()); }), HasSubstr("does not follow the shard before it"));
}

TEST(ShardIndex, HeadersThatLieAreRefused) {
  TestFolder folder;
  const std::filesystem::path path = folder / "part-00000.shard";
  auto refuse = [&](const std::function<void(ShardHeader&)>& change, const std::string& expected) {
    write_shard(path, random_images(3), {1, 0, 3, 3});
    change_header(path, change);
    EXPECT_THAT(error_of([&] { open_shards(path); }), HasSubstr(expected));
  };
  refuse([](ShardHeader& h) { h.version = 2; }, "byte 8: version 2 of the format; this program reads 1");
  refuse([](ShardHeader& h) { h.required_features = 4; }, "byte 16: it needs the feature bits 0000000000000004");
  refuse([](ShardHeader& h) { h.file_bytes += 1; }, "byte 32: the file has");
  refuse([](ShardHeader& h) { h.samples = uint64_t{1} << 58 | 3; }, "byte 40: an index of 192 bytes");
  refuse([](ShardHeader& h) { h.data_offset = ~uint64_t{0}; }, "byte 48: the data should start at 4096");
  refuse([](ShardHeader& h) { h.data_bytes = ~uint64_t{0} - 4000; }, "byte 56: the data of");
  refuse([](ShardHeader& h) { h.index.offset += 4096; }, "byte 72: the index should start at");
  refuse([](ShardHeader& h) { h.keys.bytes = ~uint64_t{0}; }, "byte 104: the keys of");
  refuse([](ShardHeader& h) { h.keys.bytes = 8; }, "byte 104: the keys are fewer");
  refuse([](ShardHeader& h) { h.classes.offset -= 8; }, "byte 120: the classes should start at");
  refuse([](ShardHeader& h) { h.note.bytes += 64; }, "byte 152: the note of");
  refuse([](ShardHeader& h) { h.note.bytes = 0; }, "byte 32: the sections end at");
  refuse([](ShardHeader& h) { h.pack_next = 4; }, "run backwards");
  refuse([](ShardHeader& h) { h.entry_bytes = 32; }, "sizes of header and entries");
  write_shard(path, random_images(3), {1, 0, 3, 3});
  change_header(path, [](ShardHeader& h) { h.optional_features = ~uint64_t{0}; });
  EXPECT_EQ(open_shards(path)->size(), 3);
}

TEST(ShardIndex, EntriesThatLieAreRefused) {
  TestFolder folder;
  const std::filesystem::path path = folder / "part-00000.shard";
  auto refuse = [&](const std::function<void(IndexEntry&)>& change, const std::string& expected) {
    write_shard(path, random_images(3), {1, 0, 3, 3});
    const ShardHeader header = read_header(path);
    std::string file = read_file(path);
    IndexEntry entry;
    std::memcpy(&entry, file.data() + header.index.offset + 64, sizeof entry);
    change(entry);
    std::memcpy(file.data() + header.index.offset + 64, &entry, sizeof entry);
    write_file_atomic(path, file);
    auto index = open_shards(path);
    index->entry(0);
    EXPECT_THAT(error_of([&] { index->entry(1); }), HasSubstr(cat("byte ", header.index.offset + 64, ": sample 1: ")));
    EXPECT_THAT(error_of([&] { index->entry(1); }), HasSubstr(expected));
  };
  auto sealed = [](const std::function<void(IndexEntry&)>& change) {
    return [change](IndexEntry& entry) {
      change(entry);
      seal(entry);
    };
  };
  refuse([](IndexEntry& e) { e.label ^= 1; }, "does not have the checksum");
  refuse(sealed([](IndexEntry& e) { e.offset = 0; }), "do not lie in the data");
  refuse(sealed([](IndexEntry& e) { e.offset += 1; }), "do not lie in the data");
  refuse(sealed([](IndexEntry& e) { e.bytes = ~uint64_t{0} - 4096; }), "do not lie in the data");
  refuse(sealed([](IndexEntry& e) { e.codec = 8; }), "codec 8");
  refuse(sealed([](IndexEntry& e) { e.width += 1; }), "are not");
  refuse(sealed([](IndexEntry& e) { e.width = e.height = ~uint32_t{0}; }), "are not 4294967295 x 4294967295");
}

// A billion samples in a sparse file: nothing of its 64 GB is read.
TEST(ShardIndex, OpeningDoesNotReadTheIndex) {
  TestFolder folder;
  const std::filesystem::path path = folder / "part-00000.shard";
  ShardHeader header;
  header.samples = 1'000'000'000;
  header.index = {kPageBytes, header.samples * kEntryBytes, 0};
  header.keys.offset = header.classes.offset = header.note.offset = kPageBytes + header.index.bytes;
  header.pack_next = header.pack_total = header.samples;
  header.file_bytes = header.note.offset + kHeaderBytes;
  seal(header);
  write_file_atomic(path, {reinterpret_cast<const char*>(&header), sizeof header});
  std::filesystem::resize_file(path, header.file_bytes);
  const int64_t start = now_ns();
  auto index = open_shards(path);
  EXPECT_EQ(index->size(), 1'000'000'000);
  EXPECT_THAT(error_of([&] { index->entry(999'999'999); }), HasSubstr("sample 999999999"));
  EXPECT_LT(seconds(now_ns() - start), 0.05);
}

}  // namespace
}  // namespace hasten::shards
