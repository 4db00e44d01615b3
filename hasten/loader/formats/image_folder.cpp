// A folder of images: class/file, where the classes are the folders in the order of their names.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <set>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/loader/formats/format.h"
#include "hasten/loader/formats/image_kind.h"
#include "hasten/loader/formats/input.h"

namespace hasten {
namespace {

namespace fs = std::filesystem;

constexpr int kDeepestFolder = 32;

class ImageFolder : public SampleIndex {
 public:
  struct Image {
    int32_t label = -1;
    Codec codec = Codec::kJpeg;
  };

  explicit ImageFolder(std::vector<std::string> classes) : classes_(std::move(classes)) {}
  void add(SampleFile file, Image image) {
    files_.push_back(std::move(file));
    images_.push_back(image);
  }

  const std::string& format() const override {
    static const std::string name = "folder";
    return name;
  }
  int64_t size() const override { return static_cast<int64_t>(images_.size()); }
  SampleEntry entry(int64_t sample) const override {
    const Image& image = images_.at(static_cast<size_t>(sample));
    SampleEntry entry;
    entry.file = static_cast<uint32_t>(sample);
    entry.bytes = files_[static_cast<size_t>(sample)].bytes;
    entry.codec = image.codec;
    entry.label = image.label;
    return entry;
  }
  const std::vector<SampleFile>& files() const override { return files_; }
  std::vector<std::string> classes() const override { return classes_; }
  SamplePayload payload(int64_t sample, const SampleEntry& entry, std::span<const uint8_t> record) const override {
    return image_payload(entry, record, files_.at(static_cast<size_t>(sample)).path.string());
  }
  std::string describe(int64_t sample) const override { return files_.at(static_cast<size_t>(sample)).path.string(); }

 private:
  std::vector<std::string> classes_;
  std::vector<SampleFile> files_;
  std::vector<Image> images_;
};

bool lies_within(const fs::path& inner, const fs::path& outer) {
  return std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end();
}

// The image that the name stands for, or nothing for what is none; throws for what must not be passed over.
class ImageScan {
 public:
  explicit ImageScan(const fs::path& root) : root_(root), canonical_root_(fs::canonical(root)) {}

  // Appends the images below `folder` in the order of their names.
  void collect(const fs::path& folder, int32_t label, ImageFolder& index, int depth) const {
    for (const std::string& name : sorted_listing(folder)) {
      if (name.front() == '.') continue;
      if (name.back() != '/') {
        add_file(folder / name, label, index);
        continue;
      }
      const fs::path inner = folder / name.substr(0, name.size() - 1);
      check_folder(inner, depth);
      collect(inner, label, index, depth + 1);
    }
  }
  void add_file(const fs::path& path, int32_t label, ImageFolder& index) const {
    const std::string name = path.filename().string();
    std::optional<Codec> codec = image_codec_by_ending(name);
    if (!codec && is_plainly_no_image(name)) return;
    if (is_foreign_image(name))
      throw DataError(path.string(), "", "expected JPEG, PNG or WebP images, got one of another kind",
                      "convert it, or take it out of the folder");
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0)
      throw DataError(path.string(), "", cat("cannot look at it: ", std::strerror(errno)));
    if (S_ISLNK(status.st_mode)) status = behind_link(path);
    if (!S_ISREG(status.st_mode)) throw DataError(path.string(), "", "expected a file, got something else");
    if (!codec) codec = by_content(path);
    if (!codec) return;
    if (status.st_size == 0) fail_at_byte(path, 0, "expected an image, got an empty file");
    index.add(plain_sample_file(path, static_cast<uint64_t>(status.st_size)), {label, *codec});
  }
  static void check_folder(const fs::path& folder, int depth) {
    if (depth >= kDeepestFolder)
      throw DataError(folder.string(), "", cat("expected folders at most ", kDeepestFolder, " deep, got more"));
    if (fs::is_symlink(fs::symlink_status(folder)))
      throw DataError(folder.string(), "", "expected a folder, got a symbolic link to one",
                      "samples are read from the folder itself: name the target, or copy it");
  }

 private:
  struct stat behind_link(const fs::path& path) const {
    std::error_code error;
    const fs::path target = fs::canonical(path, error);
    if (error) throw DataError(path.string(), "", "the symbolic link leads nowhere");
    if (!lies_within(target, canonical_root_))
      throw DataError(path.string(), "", "the symbolic link leaves the folder " + root_.string(),
                      "copy the file, or make it a hard link");
    struct stat status {};
    if (::stat(target.c_str(), &status) != 0) throw DataError(path.string(), "", "the symbolic link leads nowhere");
    return status;
  }
  static std::optional<Codec> by_content(const fs::path& path) {
    std::array<uint8_t, 12> first{};
    InputFile file(path);
    return image_codec_of(std::span(first).first(file.read_some(0, first)));
  }

  fs::path root_, canonical_root_;
};

std::vector<std::string> class_folders(const fs::path& folder) {
  std::vector<std::string> names;
  for (const std::string& name : sorted_listing(folder)) {
    if (name.back() == '/' && name.front() != '.') names.push_back(name.substr(0, name.size() - 1));
  }
  return names;
}

// A class that one part lacks must not move the labels of the others: all parts count.
std::vector<std::string> classes_of_all_parts(const fs::path& folder) {
  const std::vector<std::string> own = class_folders(folder);
  std::set<std::string> names(own.begin(), own.end());
  const fs::path absolute = fs::absolute(folder).lexically_normal();
  const fs::path named = absolute.has_filename() ? absolute : absolute.parent_path();
  if (part_name_of(named.filename().string()) != PartName::kNone) {
    for (const fs::path& part : part_folders(named.parent_path())) {
      const std::vector<std::string> others = class_folders(part);
      names.insert(others.begin(), others.end());
    }
  }
  return {names.begin(), names.end()};
}

std::unique_ptr<SampleIndex> open_image_folder(const fs::path& folder, const std::string& part) {
  FoundParts().resolve(part, folder.string());
  ImageScan scan(folder);
  std::vector<std::string> classes = classes_of_all_parts(folder);
  auto index = std::make_unique<ImageFolder>(classes);
  for (const std::string& name : sorted_listing(folder)) {
    if (name.back() != '/' && name.front() != '.') scan.add_file(folder / name, -1, *index);
  }
  const int64_t without_class = index->size();
  for (const std::string& name : class_folders(folder)) {
    const auto place = std::lower_bound(classes.begin(), classes.end(), name);
    ImageScan::check_folder(folder / name, 1);
    scan.collect(folder / name, static_cast<int32_t>(place - classes.begin()), *index, 2);
  }
  if (index->size() == 0) throw DataError(folder.string(), "", "expected images, got none");
  if (without_class > 0 && without_class < index->size())
    throw DataError(index->describe(0), "", "expected every image in the folder of its class, got one outside",
                    "move it to a class, or take it out");
  return index;
}

bool has_images(const fs::path& folder) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) return false;
  int looked_at = 0;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (image_codec_by_ending(name) || is_foreign_image(name)) return true;
    if (++looked_at == 100'000) return false;
    std::error_code ignored;
    if (is_plainly_no_image(name) || !it->is_regular_file(ignored)) continue;
    std::array<uint8_t, 12> first{};
    try {
      InputFile file(it->path());
      if (image_codec_of(std::span(first).first(file.read_some(0, first)))) return true;
    } catch (const DataError&) {  // unreadable: not what tells the format
    }
  }
  return false;
}

}  // namespace

SampleFormat image_folder_format() {
  return {"folder", "folders of JPEG, PNG or WebP files: class/file, or part/class/file", has_images, no_parts,
          open_image_folder};
}

}  // namespace hasten
