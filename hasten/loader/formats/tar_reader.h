// Tar archives, entry by entry: ustar, pax, GNU (long names, base-256 sizes), plain or packed with gzip or zstd.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "hasten/loader/formats/input.h"

namespace hasten {

enum class TarKind : uint8_t { kFile, kFolder, kHardLink, kSymbolicLink, kDevice };

struct TarEntry {
  std::string name;  // as it stands there, without "./" in front and '/' at the end; never absolute, never with ".."
  TarKind kind = TarKind::kFile;
  uint64_t offset = 0;  // of the content, in the unpacked archive
  uint64_t bytes = 0;  // of the content
  uint64_t header = 0;  // where the entry begins
};

// A name without "./" and "//"; nothing for what would leave the folder that the archive is unpacked to.
std::optional<std::string> safe_archive_name(const std::string& name);

// Goes through an archive from its beginning to its end. Throws DataError for what is no tar archive, is cut off, has
// names that leave the folder it is unpacked to, or uses what is not supported (sparse files, several volumes).
class TarReader {
 public:
  explicit TarReader(const std::filesystem::path& path, uint64_t limit = InputStream::kUnpackLimit);

  std::optional<TarEntry> next();
  // Content of the entry that next() gave, from where the last read ended; 0 at its end.
  size_t read(std::span<uint8_t> out);
  const InputStream& stream() const { return stream_; }
  // How many bytes the archive has, unpacked. Reads on to the end.
  uint64_t content_bytes();

 private:
  struct Extended {  // of the entry that follows
    std::optional<std::string> name;
    std::optional<uint64_t> bytes;
  };
  void read_pax(uint64_t header, uint64_t bytes, Extended& extended);
  std::string read_long_name(uint64_t header, uint64_t bytes);
  void finish_entry();

  InputStream stream_;
  uint64_t left_ = 0, padding_ = 0;  // of the entry that next() gave
  bool ended_ = false;
};

// Whether the file begins like a tar archive, or like one that is packed.
bool begins_like_tar(const std::filesystem::path& path);

}  // namespace hasten
