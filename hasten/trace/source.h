// Bytes of a file, plain or gzip, block by block, read and inflated ahead of their use by a thread of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>

namespace hasten::trace {

class ByteSource {
 public:
  // Plain or gzip is told by the file's first bytes, not by its name. Blocks have at most `block_bytes`, but at least 64.
  // Throws DataError.
  explicit ByteSource(const std::filesystem::path& path, size_t block_bytes = size_t{1} << 20);
  ~ByteSource();
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;

  // The next block, valid until the next call; empty at the end. Throws DataError when gzip data are torn or corrupt.
  std::string_view next();
  int64_t file_bytes() const;
  // How long the text is likely to be: the file's size, or what the gzip data say (their size modulo 4 GB).
  int64_t likely_bytes() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hasten::trace
