// Zip archives, as far as data sets come in them: stored and deflated files, no encryption, below 4 GiB.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "hasten/loader/formats/input.h"

namespace hasten {

struct ZipEntry {
  std::string name;          // safe: relative and without ".."
  uint64_t bytes = 0;        // unpacked
  uint64_t packed_bytes = 0;
  uint64_t header = 0;       // of the file within the archive
  uint32_t crc = 0;
  bool deflated = false;
};

// Throws DataError for what is damaged, not supported, or would leave the folder: links, devices, "..".
class ZipReader {
 public:
  explicit ZipReader(const std::filesystem::path& path);

  const std::vector<ZipEntry>& entries() const { return entries_; }  // files only
  // Gives the content piece by piece; size and checksum are compared at its end.
  void read(const ZipEntry& entry, const std::function<void(std::span<const uint8_t>)>& take) const;

 private:
  uint64_t data_of(const ZipEntry& entry) const;

  InputFile file_;
  std::vector<ZipEntry> entries_;
};

bool begins_like_zip(const std::filesystem::path& path);

}  // namespace hasten
