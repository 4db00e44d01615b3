// Files as parsers read them: within bounds, plain or packed, and every fault with its file and byte.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "hasten/loader/sample_index.h"

namespace hasten {

// Throws DataError at a byte of a file; without a hint the file is called damaged.
[[noreturn]] void fail_at_byte(const std::filesystem::path& path, uint64_t byte, const std::string& message,
                               const std::string& hint = "");

// A regular file, read at given places.
class InputFile {
 public:
  explicit InputFile(const std::filesystem::path& path);  // throws DataError when it cannot be opened
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  uint64_t size() const { return size_; }
  int descriptor() const { return descriptor_; }
  void read(uint64_t offset, std::span<uint8_t> out) const;             // all of it, or DataError
  // Refuse what does not lie in the file, before memory is taken for it.
  std::vector<uint8_t> read(uint64_t offset, uint64_t bytes) const;
  void read(uint64_t offset, uint64_t bytes, std::vector<uint8_t>& into) const;
  size_t read_some(uint64_t offset, std::span<uint8_t> out) const;      // fewer only at the end of the file

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
  uint64_t size_ = 0;
};

enum class Packing : uint8_t { kNone, kGzip, kZstd };
Packing packing_of(std::span<const uint8_t> first_bytes);

// The content of a file from its beginning to its end, unpacked on the way. Positions are those of the content.
class InputStream {
 public:
  // Content beyond `limit` bytes is refused: a small file may unpack to more than any disk holds.
  explicit InputStream(const std::filesystem::path& path, uint64_t limit = kUnpackLimit);
  ~InputStream();

  static constexpr uint64_t kUnpackLimit = uint64_t{4} << 30;

  const std::filesystem::path& path() const;
  Packing packing() const;
  uint64_t position() const;
  uint64_t file_bytes() const;               // of the file itself
  size_t read(std::span<uint8_t> out);       // fewer only at the end of the content
  void read_exactly(std::span<uint8_t> out, const std::string& what);  // "truncated: expected WHAT ..."
  uint64_t skip(uint64_t bytes);             // how far it came
  [[noreturn]] void fail(uint64_t byte, const std::string& message, const std::string& hint = "") const;

 private:
  class Unpacker;
  class Gzip;
  class Zstd;
  size_t fill(std::span<uint8_t> out);

  InputFile file_;
  Packing packing_ = Packing::kNone;
  uint64_t limit_, position_ = 0;
  std::vector<uint8_t> buffer_;              // plain files: what was read ahead
  uint64_t buffer_start_ = 0;
  std::unique_ptr<Unpacker> unpacker_;
};

// A file of a SampleIndex that lies packed on the disk. `bytes` are those of its content: unpacking that yields another
// number, or a file that has changed since, is a DataError.
SampleFile packed_sample_file(const std::filesystem::path& path, uint64_t bytes);
SampleFile plain_sample_file(const std::filesystem::path& path, uint64_t bytes);
// The whole content of a small file, plain or packed.
std::vector<uint8_t> read_content(const std::filesystem::path& path, uint64_t limit);

std::string bytes_text(std::span<const uint8_t> bytes);  // "1f 8b 08 00", for messages

}  // namespace hasten
