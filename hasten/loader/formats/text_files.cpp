// Where text and tokens lie.
#include "hasten/loader/formats/text_files.h"

#include "hasten/base/error.h"
#include "hasten/base/hash.h"
#include "hasten/base/text.h"
#include "hasten/loader/formats/format.h"
#include "hasten/loader/formats/image_kind.h"
#include "hasten/loader/formats/input.h"
#include "hasten/loader/shards/shard_index.h"

namespace hasten {
namespace {

namespace fs = std::filesystem;

std::vector<TextPlace> places_in_shards(const fs::path& path) {
  const std::unique_ptr<SampleIndex> shards = open_shards(path);
  std::vector<std::shared_ptr<const MappedFile>> files;
  for (const SampleFile& file : shards->files()) files.push_back(std::make_shared<MappedFile>(file.path));
  std::vector<TextPlace> places;
  for (int64_t i = 0; i < shards->size(); ++i) {
    const SampleEntry entry = shards->entry(i);
    const bool mixed = !places.empty() && places.front().codec != entry.codec;
    if (entry.codec < Codec::kText || mixed)
      throw DataError(shards->files()[entry.file].path.string(), shards->describe(i),
                      cat("expected ", mixed ? std::string(name_of(*places.front().codec)) : "text or tokens", ", got ",
                          name_of(entry.codec)));
    places.push_back({sample_name(*shards, i), files[entry.file], entry.offset, entry.offset + entry.bytes, entry.codec,
                      entry.hash});
  }
  return places;
}

}  // namespace

void TextPlace::check() const {
  const std::span<const uint8_t> all = bytes();
  if (hash && hash64({reinterpret_cast<const char*>(all.data()), all.size()}) != *hash)
    fail_at_byte(file->path(), begin, cat("the ", all.size(), " bytes of ", name, " do not have their checksum"),
                 "hasten data verify says what is damaged");
}

std::vector<fs::path> text_files_of(const fs::path& path) {
  std::error_code error;
  if (!fs::exists(path, error))
    throw ConfigError("data", "a file or folder with text or tokens", path.string() + ", which is not there");
  if (!fs::is_directory(path, error)) return {path};
  std::vector<fs::path> tokens, texts, plain;
  for (const std::string& name : sorted_listing(path)) {
    if (name.back() == '/' || name.front() == '.') continue;
    const std::string ending = lower_ending(name);
    if (ending == ".bin" || ending == ".npy") tokens.push_back(path / name);
    else if (ending == ".txt") texts.push_back(path / name);
    else if (ending.empty() && name != "README" && name != "LICENSE") plain.push_back(path / name);
  }
  const std::vector<fs::path>& found = !tokens.empty() ? tokens : !texts.empty() ? texts : plain;
  if (found.empty())
    throw DataError(path.string(), "", "expected files of tokens (.bin, .npy) or text (.txt), got none");
  return found;
}

std::vector<TextPlace> text_places_of(const fs::path& path) {
  if (holds_shards(path)) return places_in_shards(path);
  std::vector<TextPlace> places;
  for (const fs::path& file : text_files_of(path)) {
    auto mapped = std::make_shared<MappedFile>(file);
    const uint64_t bytes = mapped->bytes().size();
    places.push_back({file.filename().string(), std::move(mapped), 0, bytes, {}, {}});
  }
  return places;
}

}  // namespace hasten
