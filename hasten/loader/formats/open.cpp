// Opens samples of any format.
#include "hasten/loader/formats/open.h"

#include <algorithm>
#include <array>

#include "hasten/base/error.h"
#include "hasten/base/text.h"

namespace hasten {
namespace {

namespace fs = std::filesystem;

struct FoundPlace {
  const SampleFormat* format = nullptr;
  fs::path path;
  PartName part = PartName::kNone;  // that the folder's name says; kNone: the format knows
};

const SampleFormat* format_at(const fs::path& path) {
  for (const SampleFormat& format : sample_formats()) {
    if (format.recognises(path)) return &format;
  }
  return nullptr;
}

std::string names_in(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return "a file that is none of them";
  std::vector<std::string> names = sorted_listing(path);
  if (names.empty()) return "an empty folder";
  const size_t shown = std::min<size_t>(names.size(), 3);
  std::vector<std::string> first(names.begin(), names.begin() + static_cast<ptrdiff_t>(shown));
  return cat("a folder with ", join(first, ", "), names.size() > shown ? " ..." : "");
}

[[noreturn]] void fail_unknown(const fs::path& path) {
  std::vector<std::string> names;
  for (const SampleFormat& format : sample_formats()) names.emplace_back(format.name);
  throw DataError(path.string(), "", cat("expected samples as ", ordinal_list(names, "or"), ", got ", names_in(path)),
                  "docs/data.md says how each format looks on the disk");
}

// Where the samples of each part are. A format that finds its parts itself gives one place without a part; then come
// folders that are called like parts, then a folder of images, whose classes may be called anything.
std::vector<FoundPlace> find_places(const fs::path& path) {
  if (std::error_code error; !fs::exists(path, error))
    throw ConfigError("data", "a file or folder with samples", path.string() + ", which is not there");
  const SampleFormat* own = format_at(path);
  if (own != nullptr && own->name != image_folder_format().name) return {{own, path, PartName::kNone}};
  std::vector<FoundPlace> places;
  for (const fs::path& folder : part_folders(path)) {
    const SampleFormat* format = format_at(folder);
    const PartName part = part_name_of(folder.filename().string());
    // "val" and "validation" side by side: the first by name.
    const bool known = std::any_of(places.begin(), places.end(), [&](const FoundPlace& p) { return p.part == part; });
    if (format != nullptr && !known) places.push_back({format, folder, part});
  }
  // A folder "test" alone may as well be a class.
  if (places.size() > 1 || (places.size() == 1 && places.front().part == PartName::kTrain)) return places;
  if (own == nullptr) fail_unknown(path);
  return {{own, path, PartName::kNone}};
}

FoundParts parts_at(const std::vector<FoundPlace>& places) {
  FoundParts parts;
  for (const FoundPlace& place : places) parts.add(place.part);
  return parts;
}

}  // namespace

std::vector<std::string> sorted_listing(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    names.push_back(it->path().filename().string() + (it->is_directory(ignored) ? "/" : ""));
  }
  if (error) throw DataError(folder.string(), "", "cannot list the folder: " + error.message());
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<fs::path> part_folders(const fs::path& path) {
  std::vector<fs::path> folders;
  if (std::error_code error; !fs::is_directory(path, error)) return folders;
  for (std::string name : sorted_listing(path)) {
    if (name.back() != '/') continue;
    name.pop_back();
    if (part_name_of(name) != PartName::kNone) folders.push_back(path / name);
  }
  return folders;
}

// One row a format. Those that are known by a name or a magic number come before those that take what they find.
std::span<const SampleFormat> sample_formats() {
  static const std::array formats{
      shards_format(),      // part-00000.shard ...
      mds_format(),         // index.json with shards
      beton_format(),       // *.beton
      idx_format(),         // *images-idx3-ubyte
      cifar_format(),       // data_batch_1.bin ...
      npy_images_format(),  // *.npy of bytes
      tar_format(),         // *.tar
      text_format(),        // *.txt, *.bin, *.npy of one dimension
      image_folder_format(),
  };
  return formats;
}

std::vector<std::string> parts_of(const fs::path& path) {
  const std::vector<FoundPlace> places = find_places(path);
  const FoundPlace& first = places.front();
  return (first.part == PartName::kNone ? first.format->parts(path) : parts_at(places)).names();
}

std::unique_ptr<SampleIndex> open_samples(const fs::path& path, const std::string& part) {
  const std::vector<FoundPlace> places = find_places(path);
  if (places.front().part == PartName::kNone) return places.front().format->open(path, part);
  const PartName wanted = parts_at(places).resolve(part, path.string());
  for (const FoundPlace& place : places) {
    if (place.part == wanted) return place.format->open(place.path, "");
  }
  throw InternalError("a part that was found has no place");
}

}  // namespace hasten
