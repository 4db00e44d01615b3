// Text and tokens that went through shards are the same to a reader as the files that they came from.
#include <gmock/gmock.h>

#include "hasten/base/files.h"
#include "hasten/loader/formats/open.h"
#include "hasten/loader/formats/test_files.h"
#include "hasten/loader/formats/tokens.h"
#include "hasten/loader/shards/pack.h"
#include "hasten/loader/shards/set_files.h"
#include "hasten/loader/shards/shard_index.h"

namespace hasten {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

template <class T>
std::string bytes_of(int64_t count, int64_t most) {
  std::string bytes;
  for (int64_t i = 0; i < count; ++i) {
    const auto value = static_cast<T>(i * 7919 % most);
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  return bytes;
}

void pack_all(const fs::path& from, const fs::path& to) {
  shards::PackOptions options;
  options.shard_bytes = 1 << 20;
  shards::pack(*open_samples(from, ""), to, options);
}

std::vector<int32_t> all_of(const TokenStream& stream) {
  std::vector<int32_t> tokens(static_cast<size_t>(stream.size()));
  stream.read(0, tokens);
  return tokens;
}

void expect_same_streams(const fs::path& a, const fs::path& b, const TokenOptions& options = {}) {
  const std::vector<std::string> parts = token_parts_of(a);
  ASSERT_EQ(token_parts_of(b), parts);
  for (const std::string& part : parts) {
    const auto one = open_tokens(a, part, options), other = open_tokens(b, part, options);
    EXPECT_EQ(one->vocabulary_size(), other->vocabulary_size());
    EXPECT_TRUE(all_of(*one) == all_of(*other)) << part;
  }
}

std::string long_text() {
  std::string text;
  for (int i = 0; i < 40000; ++i) text += "Zeile " + std::to_string(i) + " mit Größe\n";
  return text;
}

TEST(TextShards, TextIsDividedAsItsFileIs) {
  TestFolder folder;
  folder.put("in/input.txt", long_text());
  pack_all(folder.path() / "in", folder.path() / "out");
  EXPECT_THAT(token_parts_of(folder.path() / "out"), ElementsAre("train", "test"));
  for (TextUnit unit : {TextUnit::kByte, TextUnit::kCharacter})
    expect_same_streams(folder.path() / "in", folder.path() / "out", {.unit = unit});
}

TEST(TextShards, NamesOfFilesSayTheirPart) {
  TestFolder folder;
  folder.put("in/train.txt", long_text());
  folder.put("in/val.txt", "Zeile mit Größe");
  pack_all(folder.path() / "in", folder.path() / "out");
  expect_same_streams(folder.path() / "in", folder.path() / "out");
  shards::PackOptions nameless;
  nameless.names = false;
  EXPECT_THROW(shards::pack(*open_samples(folder.path() / "in", ""), folder.path() / "other", nameless), ConfigError);
}

TEST(TextShards, TokensComeInRunsOfTheirFiles) {
  TestFolder folder;
  folder.put("in/fineweb_train_000001.bin", bytes_of<uint16_t>(1200000, 50257));
  folder.put("in/fineweb_train_000002.bin", bytes_of<uint16_t>(5, 100));
  folder.put("in/fineweb_val_000000.bin", bytes_of<uint16_t>(700, 50257));
  pack_all(folder.path() / "in", folder.path() / "out");
  EXPECT_GT(shards::files_in(folder.path() / "out").shards.size(), 1u);
  EXPECT_EQ(open_samples(folder.path() / "out", "")->entry(0).codec, Codec::kTokens16);
  expect_same_streams(folder.path() / "in", folder.path() / "out");
}

TEST(TextShards, WideTokensFitInto32Bits) {
  TestFolder folder;
  folder.put("in/tokens.npy", npy_of("<i8", "600000,", bytes_of<int64_t>(600000, 128256)));
  pack_all(folder.path() / "in", folder.path() / "out");
  EXPECT_EQ(open_samples(folder.path() / "out", "")->entry(1).codec, Codec::kTokens32);
  expect_same_streams(folder.path() / "in", folder.path() / "out");
}

TEST(TextShards, ReadersFindDamage) {
  TestFolder folder;
  folder.put("tokens/a.bin", bytes_of<uint16_t>(600000, 50257));
  folder.put("text/a.txt", long_text());
  for (const char* kind : {"tokens", "text"}) {
    const fs::path out = folder.path() / (std::string(kind) + "_out");
    pack_all(folder.path() / kind, out);
    const fs::path shard = shards::files_in(out).shards.back();
    const SampleEntry entry = open_shards(shard)->entry(0);
    std::string bytes = read_file(shard);
    bytes[entry.offset + entry.bytes / 2] ^= 4;
    write_file_atomic(shard, bytes);
    const std::string part = token_parts_of(out).front();
    EXPECT_THAT(error_of([&] { all_of(*open_tokens(out, part)); }), HasSubstr("do not have their checksum")) << kind;
  }
}

TEST(TextShards, ImagesAreNoText) {
  TestFolder folder;
  folder.put("in/images.npy", npy_of("|u1", "4, 2, 2", std::string(16, 'a')));
  shards::pack(*open_samples(folder.path() / "in", ""), folder.path() / "out", {});
  EXPECT_THAT(error_of([&] { open_tokens(folder.path() / "out", "train"); }),
              HasSubstr("expected text or tokens, got raw"));
}

}  // namespace
}  // namespace hasten
