// Writes one shard. Until it is whole it has another name, so that a crash at any byte leaves no half shard.
#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hasten/loader/shards/layout.h"

namespace hasten::shards {

// What a shard is called while it is written: readers ignore such files, the next pack removes them.
constexpr std::string_view kPartialSuffix = ".partial";

// Where a shard stands in its pack; see ShardHeader.
struct PackPlace {
  uint64_t pack = 0, first = 0, next = 0, total = 0;
};

class ShardWriter {
 public:
  // Throws DataError, as all functions here do, with the system's reason (a full disk).
  explicit ShardWriter(std::filesystem::path path);
  ~ShardWriter();  // an unfinished shard is removed
  ShardWriter(const ShardWriter&) = delete;
  ShardWriter& operator=(const ShardWriter&) = delete;

  // `entry` brings everything but offset, bytes and check; with `hash` for bytes that were hashed elsewhere.
  void add(IndexEntry entry, std::span<const uint8_t> record, std::string_view key = "");
  uint64_t samples() const { return entries_.size(); }
  // The size of the file if it were finished after one more record of `record_bytes`, but for keys, classes and note.
  uint64_t bytes_with(uint64_t record_bytes) const;
  // Writes what follows the data, syncs, renames and syncs the folder. Returns the bytes of the file.
  // `before_rename` runs when all of it is on the disk under the other name.
  uint64_t finish(const PackPlace& place, const std::vector<std::string>& classes, std::string_view note,
                  const std::function<void()>& before_rename = {});

 private:
  void put(std::span<const uint8_t> bytes);
  void pad_to(uint64_t align);
  void flush();
  Section put_section(std::span<const uint8_t> bytes);

  std::filesystem::path path_, partial_;
  int descriptor_ = -1;
  uint64_t at_ = 0;  // bytes so far, those in buffer_ included
  std::vector<uint8_t> buffer_;
  std::vector<IndexEntry> entries_;
  std::vector<std::string> keys_;
  bool has_keys_ = false;
};

}  // namespace hasten::shards
