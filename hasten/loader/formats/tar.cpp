// Tar archives of images: class/file, part/class/file, or WebDataset's key.jpg beside key.cls; one archive or several.
#include <algorithm>
#include <map>
#include <set>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/loader/formats/format.h"
#include "hasten/loader/formats/image_kind.h"
#include "hasten/loader/formats/tar_reader.h"

namespace hasten {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kLongestClassText = 32;

struct TarImage {
  uint64_t offset = 0, bytes = 0, name = 0;  // name: where it begins in the names
  uint32_t file = 0;
  int32_t label = -1;
  PartName part = PartName::kNone;
  Codec codec = Codec::kJpeg;
};

class TarIndex : public SampleIndex {
 public:
  std::vector<TarImage> images;
  std::string names;  // each with a zero byte behind it
  std::vector<SampleFile> archives;
  std::vector<std::string> class_names;

  const std::string& format() const override {
    static const std::string name = "tar";
    return name;
  }
  int64_t size() const override { return static_cast<int64_t>(images.size()); }
  SampleEntry entry(int64_t sample) const override {
    const TarImage& image = images.at(static_cast<size_t>(sample));
    SampleEntry entry;
    entry.file = image.file;
    entry.offset = image.offset;
    entry.bytes = image.bytes;
    entry.codec = image.codec;
    entry.label = image.label;
    return entry;
  }
  const std::vector<SampleFile>& files() const override { return archives; }
  std::vector<std::string> classes() const override { return class_names; }
  SamplePayload payload(int64_t sample, const SampleEntry& entry, std::span<const uint8_t> record) const override {
    return image_payload(entry, record, describe(sample));
  }
  std::string describe(int64_t sample) const override {
    const TarImage& image = images.at(static_cast<size_t>(sample));
    return archives[image.file].path.string() + ":" + (names.c_str() + image.name);
  }
};

// Where a file stands: "top/train/cat/0001.jpg" is part train, class cat.
struct TarPlace {
  PartName part = PartName::kNone;
  std::string class_name;
};

TarPlace place_of(const std::string& name, PartName part_of_archive) {
  std::vector<std::string> folders = split(name, '/');
  folders.pop_back();
  TarPlace place{part_of_archive, ""};
  // The part is the first or, below one common folder, the second word.
  for (size_t i = 0; i < std::min<size_t>(2, folders.size()); ++i) {
    const PartName part = part_name_of(folders[i]);
    if (part == PartName::kNone) continue;
    place.part = part;
    folders.erase(folders.begin(), folders.begin() + static_cast<ptrdiff_t>(i) + 1);
    if (!folders.empty()) place.class_name = folders.front();
    return place;
  }
  if (!folders.empty()) place.class_name = folders.front();
  return place;
}

// Up to the first dot of the last word, as WebDataset has it.
std::string key_of(const std::string& name) {
  const size_t slash = name.rfind('/'), begin = slash == std::string::npos ? 0 : slash + 1;
  return name.substr(0, name.find('.', begin));
}

class TarScan {
 public:
  void scan(const fs::path& path) {
    const PartName part = part_name_in(path.filename().string());
    TarReader reader(path);
    std::string key;                 // of the files that belong together
    int32_t label = -1;              // that a .cls among them gave
    size_t first_of_key = index_->images.size();
    while (std::optional<TarEntry> entry = reader.next()) {
      if (entry->kind == TarKind::kFolder) continue;
      refuse_links(reader, *entry);
      if (key_of(entry->name) != key) {
        key = key_of(entry->name);
        label = -1;
        first_of_key = index_->images.size();
      }
      if (lower_ending(entry->name) == ".cls") {
        label = read_class(reader, *entry);
        any_class_file_ = true;
      } else {
        add_image(reader, *entry, part);
      }
      if (label < 0) continue;
      for (size_t i = first_of_key; i < index_->images.size(); ++i) index_->images[i].label = label;
    }
    const uint64_t bytes = reader.content_bytes();
    index_->archives.push_back(reader.stream().packing() == Packing::kNone ? plain_sample_file(path, bytes)
                                                                           : packed_sample_file(path, bytes));
  }

  std::unique_ptr<TarIndex> finish(const std::string& part, const fs::path& path) {
    TarIndex& index = *index_;
    if (index.images.empty()) throw DataError(index.archives.at(0).path.string(), "", "expected images, got none");
    const PartName wanted = parts().resolve(part, path.string());
    if (any_class_file_) check_class_files();
    else number_classes();
    if (wanted != PartName::kNone) {
      std::erase_if(index.images, [&](const TarImage& image) { return image.part != wanted; });
    }
    return std::move(index_);
  }
  FoundParts parts() const {
    FoundParts parts;
    for (const TarImage& image : index_->images) parts.add(image.part);
    return parts;
  }

 private:
  static void refuse_links(const TarReader& reader, const TarEntry& entry) {
    if (entry.kind == TarKind::kDevice)
      reader.stream().fail(entry.header, cat("expected files, got the device \"", entry.name, "\""),
                           "do not unpack this archive");
    if (entry.kind != TarKind::kFile)
      reader.stream().fail(entry.header, cat("expected files, got the link \"", entry.name, "\""),
                           "make the archive again with --dereference --hard-dereference");
  }
  static int32_t read_class(TarReader& reader, const TarEntry& entry) {
    std::vector<uint8_t> text(std::min(entry.bytes, kLongestClassText));
    reader.read(text);
    const std::string_view word = trim({reinterpret_cast<const char*>(text.data()), text.size()});
    int64_t value = 0;
    bool good = !word.empty() && word.size() <= 9 && entry.bytes <= kLongestClassText;
    for (char c : word) {
      good = good && c >= '0' && c <= '9';
      value = value * 10 + (c - '0');
      if (!good) break;
    }
    if (!good)
      reader.stream().fail(entry.offset,
                           cat("expected the number of a class in \"", entry.name, "\", got \"", word, "\""));
    return static_cast<int32_t>(value);
  }
  void add_image(const TarReader& reader, const TarEntry& entry, PartName part) {
    const std::optional<Codec> codec = image_codec_by_ending(entry.name);
    if (is_foreign_image(entry.name))
      reader.stream().fail(entry.header, cat("expected JPEG, PNG or WebP images, got \"", entry.name, "\""));
    if (!codec || is_plainly_no_image(entry.name)) return;
    if (entry.bytes == 0) reader.stream().fail(entry.header, cat("expected an image, \"", entry.name, "\" is empty"));
    const TarPlace place = place_of(entry.name, part);
    TarImage image;
    image.offset = entry.offset;
    image.bytes = entry.bytes;
    image.file = static_cast<uint32_t>(index_->archives.size());
    image.part = place.part;
    image.codec = *codec;
    image.name = index_->names.size();
    index_->names += entry.name;
    index_->names += '\0';
    index_->images.push_back(image);
    class_of_.push_back(class_ids_.try_emplace(place.class_name, class_ids_.size()).first->second);
  }
  void check_class_files() const {
    for (size_t i = 0; i < index_->images.size(); ++i) {
      if (index_->images[i].label >= 0) continue;
      throw DataError(index_->describe(static_cast<int64_t>(i)), "",
                      "expected a class file (.cls) beside every image, got none",
                      "the files of a sample lie side by side: make the archive with --sort=name");
    }
  }
  // Classes of folders are numbered in the order of their names, over all parts.
  void number_classes() {
    if (class_ids_.size() == 1 && class_ids_.begin()->first.empty()) return;  // no folders, no classes
    if (class_ids_.count("") != 0) {
      const size_t outside =
          static_cast<size_t>(std::find(class_of_.begin(), class_of_.end(), class_ids_.at("")) - class_of_.begin());
      throw DataError(index_->describe(static_cast<int64_t>(outside)), "",
                      "expected every image in the folder of its class, got one outside");
    }
    std::vector<int32_t> rank(class_ids_.size());
    for (const auto& [name, id] : class_ids_) {  // a map: in the order of the names
      rank[id] = static_cast<int32_t>(index_->class_names.size());
      index_->class_names.push_back(name);
    }
    for (size_t i = 0; i < class_of_.size(); ++i) index_->images[i].label = rank[class_of_[i]];
  }

  std::unique_ptr<TarIndex> index_ = std::make_unique<TarIndex>();
  std::map<std::string, size_t> class_ids_;  // in the order in which they came
  std::vector<size_t> class_of_;
  bool any_class_file_ = false;
};

bool is_tar_name(const std::string& name) {
  return name.ends_with(".tar") || name.ends_with(".tar.gz") || name.ends_with(".tgz") || name.ends_with(".tar.zst");
}

std::vector<fs::path> archives_of(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return {path};
  std::vector<fs::path> archives;
  for (const std::string& name : sorted_listing(path)) {
    if (is_tar_name(name)) archives.push_back(path / name);
  }
  return archives;
}

TarScan scan_of(const fs::path& path) {
  TarScan scan;
  for (const fs::path& archive : archives_of(path)) scan.scan(archive);
  return scan;
}

bool is_tar(const fs::path& path) {
  std::error_code error;
  if (fs::is_regular_file(path, error)) return begins_like_tar(path);
  if (!fs::is_directory(path, error)) return false;
  const std::vector<fs::path> archives = archives_of(path);
  return !archives.empty() && begins_like_tar(archives.front());
}

FoundParts parts_of_tar(const fs::path& path) { return scan_of(path).parts(); }
std::unique_ptr<SampleIndex> open_tar(const fs::path& path, const std::string& part) {
  return scan_of(path).finish(part, path);
}

}  // namespace

SampleFormat tar_format() {
  return {"tar",
          "tar archives of images (.tar, .tar.gz, .tar.zst): class/file, part/class/file, or key.jpg and key.cls",
          is_tar, parts_of_tar, open_tar};
}

}  // namespace hasten
