// One shard, with its index and tables mapped.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hasten/loader/shards/layout.h"

namespace hasten::shards {

class MappedShard {
 public:
  // Maps everything behind the data; checks the header and reads nothing else. Throws DataError naming file and byte.
  explicit MappedShard(std::filesystem::path path);
  ~MappedShard();
  MappedShard(MappedShard&& other) noexcept;
  MappedShard(const MappedShard&) = delete;
  MappedShard& operator=(const MappedShard&) = delete;
  MappedShard& operator=(MappedShard&&) = delete;

  const std::filesystem::path& path() const { return path_; }
  const ShardHeader& header() const { return header_; }
  uint64_t samples() const { return header_.samples; }
  // Checked: throws DataError naming the sample and the byte of its entry.
  IndexEntry entry(uint64_t sample) const;
  std::optional<std::string> key(uint64_t sample) const;
  std::vector<std::string> classes() const;  // throws DataError
  std::string note() const;

 private:
  std::span<const uint8_t> section(const Section& section) const;

  std::filesystem::path path_;
  ShardHeader header_;
  const uint8_t* map_ = nullptr;  // from index.offset to the end of the file
  size_t map_bytes_ = 0;
};

}  // namespace hasten::shards
