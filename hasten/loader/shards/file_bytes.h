// A file that is read at offsets, by several threads.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace hasten::shards {

class FileBytes {
 public:
  explicit FileBytes(std::filesystem::path path);  // throws DataError
  ~FileBytes();
  FileBytes(const FileBytes&) = delete;
  FileBytes& operator=(const FileBytes&) = delete;

  const std::filesystem::path& path() const { return path_; }
  uint64_t size() const { return size_; }
  // Throws DataError for bytes that are not there, before memory is taken, and for those that the disk does not give.
  void read(uint64_t offset, uint64_t bytes, std::vector<uint8_t>& into) const;
  std::vector<uint8_t> read(uint64_t offset, uint64_t bytes) const;

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
  uint64_t size_ = 0;
};

}  // namespace hasten::shards
