// Reads what FFCV's and MosaicML Streaming's own writers wrote: ../data/make_peer_files.py says how, and with what.
#include <gmock/gmock.h>

#include <cstdlib>

#include "hasten/base/json.h"
#include "hasten/loader/formats/input.h"
#include "hasten/loader/formats/open.h"
#include "hasten/loader/formats/test_files.h"

namespace hasten {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

namespace fs = std::filesystem;

constexpr int64_t kCount = 12;

// The files of the repository, or new ones that a slow test has just made.
fs::path peers() {
  const char* made = std::getenv("HASTEN_PEER_FILES");
  return made != nullptr ? made : HASTEN_TEST_DATA "/peers";
}

fs::path unpacked_beton(const TestFolder& folder, const std::string& name) {
  const std::vector<uint8_t> bytes = read_content(peers() / "ffcv" / (name + ".gz"), 1 << 24);
  return folder.put(name, {bytes.begin(), bytes.end()});
}

// Image i as make_peer_files.py makes it, channels last.
std::string pixels_of(int64_t i, int channels = 3) {
  std::string pixels;
  for (int row = 0; row < 10; ++row) {
    for (int column = 0; column < 8 + i; ++column) {
      for (int c = 0; c < channels; ++c) pixels += static_cast<char>((row * 11 + column * 7 + c * 50 + i * 17) % 256);
    }
  }
  return pixels;
}

void expect_raw_images(const SampleIndex& index) {
  ASSERT_EQ(index.size(), kCount);
  for (int64_t i = 0; i < kCount; ++i) {
    const std::string record = record_of(index, i);
    const SamplePayload payload = payload_of(index, i, record);
    EXPECT_EQ(payload.codec, Codec::kRaw);
    EXPECT_EQ(payload.width, 8 + i);
    EXPECT_EQ(payload.height, 10);
    EXPECT_EQ(payload.label, i % 5);
    EXPECT_EQ(text_of(payload.bytes), pixels_of(i, payload.channels)) << i;
  }
}

TEST(PeerFiles, BetonRaw) {
  TestFolder folder;
  const auto index = open_samples(unpacked_beton(folder, "raw.beton"), "");
  EXPECT_EQ(index->format(), "beton");
  expect_raw_images(*index);
}

TEST(PeerFiles, BetonWithFieldsOfEveryKind) {
  TestFolder folder;
  expect_raw_images(*open_samples(unpacked_beton(folder, "fields.beton"), ""));
}

TEST(PeerFiles, BetonJpeg) {
  TestFolder folder;
  const auto index = open_samples(unpacked_beton(folder, "jpg.beton"), "");
  ASSERT_EQ(index->size(), kCount);
  for (int64_t i = 0; i < kCount; ++i) {
    const SampleEntry entry = index->entry(i);
    EXPECT_EQ(entry.codec, Codec::kJpeg);
    EXPECT_EQ(entry.width, 8U + static_cast<uint64_t>(i));
    EXPECT_EQ(entry.label, i % 5);
    const std::string record = record_of(*index, i);
    EXPECT_EQ(record.substr(0, 3), "\xff\xd8\xff");
    EXPECT_EQ(record.substr(record.size() - 2), "\xff\xd9");
  }
}

TEST(PeerFiles, BetonInAFolderOfParts) {
  TestFolder folder;
  fs::create_directories(folder.path() / "d");
  fs::rename(unpacked_beton(folder, "raw.beton"), folder.path() / "d/cifar_train.beton");
  fs::rename(unpacked_beton(folder, "jpg.beton"), folder.path() / "d/cifar_val.beton");
  EXPECT_THAT(parts_of(folder.path() / "d"), ElementsAre("train", "test"));
  EXPECT_EQ(open_samples(folder.path() / "d", "test")->entry(0).codec, Codec::kJpeg);
}

TEST(PeerFiles, MdsImages) {
  for (const char* name : {"jpeg", "png-zstd"}) {
    const auto index = open_samples(peers() / "streaming" / name, "");
    EXPECT_EQ(index->format(), "mds");
    ASSERT_EQ(index->size(), kCount);
    for (int64_t i = 0; i < kCount; ++i) {
      const std::string record = record_of(*index, i);
      const SamplePayload payload = payload_of(*index, i, record);
      EXPECT_EQ(payload.codec, name == std::string("jpeg") ? Codec::kJpeg : Codec::kPng);
      EXPECT_EQ(payload.label, i % 5);
    }
  }
  expect_raw_images(*open_samples(peers() / "streaming" / "pil-gz", ""));
  expect_raw_images(*open_samples(peers() / "streaming" / "array", ""));
}

TEST(PeerFiles, MdsBytesBesidePickles) {
  const auto index = open_samples(peers() / "streaming" / "bytes", "");
  const std::string record = record_of(*index, 3);
  const SamplePayload payload = payload_of(*index, 3, record);
  EXPECT_EQ(text_of(payload.bytes), "\xff\xd8\xff\xe0 no real image");
  EXPECT_EQ(payload.label, 3);
}

TEST(PeerFiles, MdsTextInSeveralShards) {
  const auto index = open_samples(peers() / "streaming" / "text", "");
  ASSERT_EQ(index->size(), kCount);
  EXPECT_GT(index->files().size(), 1U);
  const std::string record = record_of(*index, 11);
  const SamplePayload payload = payload_of(*index, 11, record);
  EXPECT_EQ(payload.codec, Codec::kText);
  EXPECT_EQ(text_of(payload.bytes), "the quick brown");
}

TEST(PeerFiles, MdsTokens) {
  const auto index = open_samples(peers() / "streaming" / "tokens", "");
  const std::string record = record_of(*index, 2);
  const SamplePayload payload = payload_of(*index, 2, record);
  EXPECT_EQ(payload.codec, Codec::kTokens16);
  EXPECT_EQ(text_of(payload.bytes), std::string("\x00\x00\xe8\x03\xd0\x07", 6));
}

class DamagedBeton : public testing::Test {
 protected:
  // What opening says when the bytes at `at` are others.
  std::string error_with(size_t at, const std::string& bytes) {
    std::string copy = good_;
    copy.replace(at, bytes.size(), bytes);
    return error_of([&] { open_samples(folder_.put("x.beton", copy), ""); });
  }
  TestFolder folder_;
  std::string good_ = [this] {
    const std::vector<uint8_t> bytes = read_content(unpacked_beton(folder_, "raw.beton"), 1 << 24);
    return std::string(bytes.begin(), bytes.end());
  }();
};

TEST_F(DamagedBeton, IsRefusedWithThePlace) {
  const size_t metadata = 24 + 2 * 1041, table = good_.size() - 12 * 24;
  EXPECT_EQ(error_with(0, "\x02"), "no error");
  EXPECT_THAT(error_with(0, "\x03"), HasSubstr("byte 0: expected version 2"));
  EXPECT_THAT(error_with(2, std::string(2, '\0')), HasSubstr("byte 2: expected 1 to 256 fields"));
  EXPECT_THAT(error_with(8, std::string(8, '\xff')), HasSubstr("byte 8: expected samples whose"));
  EXPECT_THAT(error_with(16, std::string(8, '\0')), HasSubstr("byte 16: expected where the allocation table is"));
  EXPECT_THAT(error_with(16, std::string(8, '\xff')), HasSubstr("byte 16: expected an allocation table of whole"));
  EXPECT_THAT(error_with(24, "\xff"), HasSubstr("byte 24: expected a field of FFCV's own types, got type 255"));
  EXPECT_THAT(error_with(metadata, "\x02"), HasSubstr("expected mode 0 (jpg) or 1 (raw), got 2"));
  EXPECT_THAT(error_with(metadata + 1, "\x63"), HasSubstr("expected an image of 240 bytes, got 99 x 10"));
  EXPECT_THAT(error_with(metadata + 5, "\x01"), HasSubstr("that the allocation table has"));
  EXPECT_THAT(error_with(metadata + 16, std::string(8, '\xff')), HasSubstr("expected the number of a class, got -1"));
  EXPECT_THAT(error_with(table, "\x0c"), HasSubstr("expected an allocation of a sample below 12"));
  EXPECT_THAT(error_with(table + 16, "\xff"), HasSubstr("expected allocations apart from each other"));
  EXPECT_THAT(error_with(table + 22, "\xff"), HasSubstr("expected an allocation of a sample below 12"));
}

class DamagedMds : public testing::Test {
 protected:
  DamagedMds() {
    fs::copy(peers() / "streaming" / "jpeg", folder_.path() / "m");
    index_ = read_json(folder_.path() / "m/index.json");
  }
  std::string error_with_index(const Json& index) {
    folder_.put("m/index.json", index.dump());
    return error_of([&] { open_samples(folder_.path() / "m", ""); });
  }
  std::string error_with_shard(size_t at, const std::string& bytes) {
    const std::vector<uint8_t> good = read_content(peers() / "streaming" / "jpeg" / "shard.00000.mds", 1 << 20);
    std::string copy(good.begin(), good.end());
    copy.replace(at, bytes.size(), bytes);
    folder_.put("m/shard.00000.mds", copy);
    return error_of([&] { open_samples(folder_.path() / "m", ""); });
  }
  TestFolder folder_;
  Json index_;
};

TEST_F(DamagedMds, IndexIsRefused) {
  EXPECT_EQ(error_with_index(index_), "no error");
  auto with = [&](const char* key, const Json& value) {
    Json changed = index_;
    changed["shards"][0][key] = value;
    return error_with_index(changed);
  };
  EXPECT_THAT(with("format", "json"), HasSubstr("expected shards of format mds"));
  EXPECT_THAT(with("samples", 13), HasSubstr("expected 13 samples as index.json says, got 12"));
  EXPECT_THAT(with("samples", -1), HasSubstr("expected the number of samples"));
  EXPECT_THAT(with("column_encodings", Json({"pkl", "int"})), HasSubstr("expected a column of images, text or tokens"));
  EXPECT_THAT(with("column_encodings", Json({"jpeg", "pkl"})), HasSubstr("got pickled objects"));
  EXPECT_THAT(with("column_sizes", Json({nullptr, 4})), HasSubstr("expected 8 bytes for column label, got 4"));
  EXPECT_THAT(with("raw_data", {{"basename", "../shard"}, {"bytes", 10}}), HasSubstr("expected shards in this folder"));
  EXPECT_THAT(with("raw_data", {{"basename", "/etc/passwd"}, {"bytes", 10}}),
              HasSubstr("expected shards in this folder"));
  EXPECT_THAT(with("raw_data", {{"basename", "shard.00000.mds"}, {"bytes", 10}}), HasSubstr("expected the number of"));
  Json version = index_;
  version["version"] = 3;
  EXPECT_THAT(error_with_index(version), HasSubstr("expected version 2 of the format, got 3"));
}

TEST_F(DamagedMds, ShardIsRefusedWithThePlace) {
  EXPECT_EQ(error_with_shard(0, "\x0c"), "no error");
  EXPECT_THAT(error_with_shard(0, "\x0d"), HasSubstr("shard.00000.mds, byte 0: expected 12 samples"));
  EXPECT_THAT(error_with_shard(4, std::string(4, '\0')), HasSubstr("byte 4: expected the place of a sample"));
  EXPECT_THAT(error_with_shard(10, "\xff"), HasSubstr("byte 8: expected the place of a sample"));
}

TEST_F(DamagedMds, RecordsAreRefused) {
  const auto index = open_samples(folder_.path() / "m", "");
  const std::string record = record_of(*index, 0);
  EXPECT_THAT(error_of([&] { payload_of(*index, 0, record.substr(0, 3)); }), HasSubstr("truncated: expected a record"));
  EXPECT_THAT(error_of([&] { payload_of(*index, 0, record + "x"); }), HasSubstr("expected columns of"));
  std::string label = record;
  label[label.size() - 1] = '\xff';
  EXPECT_THAT(error_of([&] { payload_of(*index, 0, label); }),
              HasSubstr("expected the number of a class in column label"));
}

}  // namespace
}  // namespace hasten
