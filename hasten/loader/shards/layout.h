// The bytes of a shard: header, frames, index, string tables. docs/shard-format.md says the same in words.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hasten/loader/sample_index.h"

namespace hasten::shards {

static_assert(std::endian::native == std::endian::little, "shards are read in place, and they are little-endian");

constexpr std::array<uint8_t, 8> kMagic{0x89, 'H', 'S', 'H', 'R', 'D', '\r', '\n'};  // as PNG: shows text-mode copies
constexpr uint32_t kVersion = 1;
constexpr uint64_t kKnownFeatures = 0;  // required ones that this reader knows: none yet
constexpr uint64_t kPageBytes = 4096;  // alignment of the data and of the index
constexpr uint64_t kRecordAlign = 8;  // alignment of frames, records and tables

// A run of bytes in the shard with its own XXH3-64.
struct Section {
  uint64_t offset = 0, bytes = 0, hash = 0;
};

// At byte 0, and a copy in the last 256 bytes. Everything that the shard's other bytes are checked against hangs on
// `digest`, so that it is the digest of the shard.
struct ShardHeader {
  std::array<uint8_t, 8> magic = kMagic;
  uint32_t version = kVersion;
  uint32_t header_bytes = 256;
  uint64_t required_features = 0;  // a reader that does not know one of these bits refuses the shard
  uint64_t optional_features = 0;  // may be ignored
  uint64_t file_bytes = 0;
  uint64_t samples = 0;
  uint64_t data_offset = kPageBytes, data_bytes = 0;
  uint32_t entry_bytes = 64;
  uint32_t reserved = 0;
  Section index;  // fixed-size entries; hash over all of them
  Section keys;  // string table, one for each sample; 0 bytes: none
  Section classes;  // string table, names of labels 0..
  Section note;  // text on how the shard was made
  uint64_t pack = 0;  // identity of the source and of the options it was packed with
  uint64_t pack_first = 0, pack_next = 0;  // samples of that source that this shard stands for
  uint64_t pack_total = 0;  // samples of that source; the last shard of a pack has pack_next here
  std::array<uint8_t, 48> unused{};
  uint64_t digest = 0;  // XXH3-64 of the 248 bytes before it: there in all versions
};
static_assert(sizeof(ShardHeader) == 256);
constexpr uint64_t kHeaderBytes = sizeof(ShardHeader);

// One of the index. The same 64 bytes stand as a frame in front of the record, so that a lost index can be rebuilt.
struct IndexEntry {
  uint64_t offset = 0;  // of the record, from the start of the file
  uint64_t bytes = 0;
  uint64_t hash = 0;  // XXH3-64 of the record
  int64_t label = -1;
  uint32_t width = 0, height = 0;
  uint64_t source = 0;  // which sample of the source it was
  uint8_t codec = 0, channels = 0;
  uint16_t unused = 0;
  uint32_t key_hash = 0;  // the lower half of the key's XXH3-64: a table of keys that is damaged is damaged in places
  uint64_t check = 0;  // XXH3-64 of the 56 bytes before it
};
static_assert(sizeof(IndexEntry) == 64);
constexpr uint64_t kEntryBytes = sizeof(IndexEntry);
constexpr uint8_t kCodecs = 8;

constexpr uint64_t align_up(uint64_t value, uint64_t to) { return (value + to - 1) / to * to; }

uint64_t hash_of(std::span<const uint8_t> bytes);
uint32_t key_hash_of(std::string_view key);
template <class T>
std::span<const uint8_t> bytes_of(const T& value) {
  return {reinterpret_cast<const uint8_t*>(&value), sizeof value};
}

void seal(ShardHeader& header);
void seal(IndexEntry& entry);
bool is_sealed(const ShardHeader& header);
bool is_sealed(const IndexEntry& entry);

struct Defect {
  uint64_t byte = 0;
  std::string message, hint;
};
// What is wrong with the header of a file of `file_bytes`: digest, then version and features, then offsets and sizes.
// Nothing else of the file is read.
std::optional<Defect> defect_of(const ShardHeader& header, uint64_t file_bytes);
// What is wrong with an entry, its place in the data included.
std::optional<std::string> defect_of(const IndexEntry& entry, const ShardHeader& header);
// Whether codec, sizes and bytes go together.
std::optional<std::string> record_defect_of(const IndexEntry& entry);

SampleEntry sample_entry(const IndexEntry& entry);

// A string table: u64 n, u64 offsets[n + 1] into the text, the text.
std::vector<uint8_t> string_table(const std::vector<std::string>& strings);
// How many strings; nullopt where the table is too short for what it says.
std::optional<uint64_t> strings_in(std::span<const uint8_t> table);
// String i; reads two offsets and the text only. nullopt where there is none, or where the table lies.
std::optional<std::string> string_at(std::span<const uint8_t> table, uint64_t i);

}  // namespace hasten::shards
