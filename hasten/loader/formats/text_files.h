// Where text and tokens lie: files of a folder, or records of shards that were packed of such files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hasten/loader/formats/mapped_file.h"
#include "hasten/loader/sample_index.h"

namespace hasten {

// Bytes of a mapped file that are one text, or a run of tokens.
struct TextPlace {
  std::string name;  // of the file, or of the one that it was in before it was packed
  std::shared_ptr<const MappedFile> file;
  uint64_t begin = 0, end = 0;
  std::optional<Codec> codec;  // kText, kTokens16 or kTokens32 where shards say so; else the file has to be looked at
  std::optional<uint64_t> hash;  // XXH3-64 of the bytes, where they have one

  std::span<const uint8_t> bytes() const { return file->bytes().subspan(begin, end - begin); }
  // Throws DataError for bytes that do not have their checksum.
  void check() const;
};

// Files of tokens or text in a folder, in the order of their names; the file itself for a file. Throws ConfigError for a
// path that is not there, DataError for a folder without any.
std::vector<std::filesystem::path> text_files_of(const std::filesystem::path& path);
// These files, mapped whole; or the records of shards. Throws DataError for shards that hold something else.
std::vector<TextPlace> text_places_of(const std::filesystem::path& path);

}  // namespace hasten
