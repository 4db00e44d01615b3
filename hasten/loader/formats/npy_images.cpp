// Images as one numpy array of bytes, labels as another beside it: images.npy and labels.npy, x_train.npy and y_train.npy.
#include <algorithm>
#include <limits>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/loader/formats/format.h"
#include "hasten/loader/formats/npy_header.h"

namespace hasten {
namespace {

namespace fs = std::filesystem;

class NpyImages : public SampleIndex {
 public:
  NpyImages(SampleFile file, SampleEntry first, int64_t count, std::vector<int32_t> labels)
      : files_{std::move(file)}, first_(first), count_(count), labels_(std::move(labels)) {}

  const std::string& format() const override {
    static const std::string name = "npy";
    return name;
  }
  int64_t size() const override { return count_; }
  SampleEntry entry(int64_t sample) const override {
    HASTEN_CHECK(sample >= 0 && sample < count_, "a sample of the data");
    SampleEntry entry = first_;
    entry.offset += static_cast<uint64_t>(sample) * entry.bytes;
    entry.label = labels_.empty() ? -1 : labels_[static_cast<size_t>(sample)];
    return entry;
  }
  const std::vector<SampleFile>& files() const override { return files_; }

 private:
  std::vector<SampleFile> files_;
  SampleEntry first_;
  int64_t count_;
  std::vector<int32_t> labels_;
};

bool is_channels(uint64_t dim) { return dim == 1 || dim == 3 || dim == 4; }

// How the images lie in the array; the offset is that of the first one.
SampleEntry first_image(const InputFile& file, const NpyHeader& header) {
  const std::vector<uint64_t>& shape = header.shape;
  SampleEntry entry;
  entry.offset = header.data;
  uint64_t height = 0, width = 0, channels = 1;
  if (header.type == "|u1" && shape.size() == 3) {
    height = shape[1];
    width = shape[2];
  } else if (header.type == "|u1" && shape.size() == 4 && is_channels(shape[3])) {  // first: what others write most
    height = shape[1];
    width = shape[2];
    channels = shape[3];
  } else if (header.type == "|u1" && shape.size() == 4 && is_channels(shape[1])) {
    channels = shape[1];
    height = shape[2];
    width = shape[3];
    entry.codec = Codec::kPlanar;
  } else {
    std::vector<std::string> sizes;
    for (uint64_t dim : shape) sizes.push_back(std::to_string(dim));
    fail_at_byte(file.path(), 10,
                 cat("expected images as uint8 in N x H x W, N x H x W x C or N x C x H x W, got ", header.type, " in ",
                     join(sizes, " x ")));
  }
  if (height == 0 || width == 0 || height > 65535 || width > 65535)
    fail_at_byte(file.path(), 10, cat("expected images of 1 to 65535 pixels a side, got ", height, " x ", width));
  entry.height = static_cast<uint32_t>(height);
  entry.width = static_cast<uint32_t>(width);
  entry.channels = static_cast<uint8_t>(channels);
  entry.bytes = height * width * channels;
  return entry;
}

bool holds_npy_images(const fs::path& path) {
  if (path.extension() != ".npy" || !begins_like_npy(path)) return false;
  try {
    InputFile file(path);
    const NpyHeader header = read_npy_header(file);
    return header.type == "|u1" && (header.shape.size() == 3 || header.shape.size() == 4);
  } catch (const DataError&) {
    return true;
  }  // opening it says what is wrong
}

// "x_train" -> "y_train": the word for the images replaced by one for labels.
std::vector<std::string> label_stems(const std::string& stem) {
  struct Pair {
    const char *images, *labels;
  };
  constexpr Pair kPairs[] = {{"images", "labels"}, {"images", "targets"},
                             {"image", "label"},   {"data", "labels"},
                             {"data", "targets"},  {"x", "y"},
                             {"X", "y"},           {"X", "Y"}};
  std::vector<std::string> stems;
  for (const Pair& pair : kPairs) {
    const std::string word = pair.images;
    for (size_t at = stem.find(word); at != std::string::npos; at = stem.find(word, at + 1)) {
      const size_t end = at + word.size();
      const bool whole = (at == 0 || std::isalnum(static_cast<unsigned char>(stem[at - 1])) == 0) &&
                         (end == stem.size() || std::isalnum(static_cast<unsigned char>(stem[end])) == 0);
      if (whole) stems.push_back(stem.substr(0, at) + pair.labels + stem.substr(end));
    }
  }
  return stems;
}

std::unique_ptr<SampleIndex> open_npy_file(const fs::path& path) {
  InputFile file(path);
  const NpyHeader header = read_npy_header(file);
  const SampleEntry first = first_image(file, header);
  if (header.shape[0] == 0) fail_at_byte(path, 10, "expected images, got none");
  std::vector<std::string> stems = label_stems(path.stem().string());
  stems.emplace_back("labels");
  std::vector<int32_t> labels;
  for (const std::string& stem : stems) {
    const fs::path beside = path.parent_path() / (stem + ".npy");
    if (std::error_code error; !fs::is_regular_file(beside, error)) continue;
    labels = read_npy_labels(beside, std::numeric_limits<int32_t>::max());
    if (labels.size() != header.shape[0])
      fail_at_byte(beside, 10,
                   cat("expected ", header.shape[0], " labels as ", path.filename().string(), " has images, got ",
                       labels.size()));
    break;
  }
  return std::make_unique<NpyImages>(plain_sample_file(path, file.size()), first, static_cast<int64_t>(header.shape[0]),
                                     std::move(labels));
}

std::vector<fs::path> npy_image_files(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return {path};
  std::vector<fs::path> files;
  for (const std::string& name : sorted_listing(path)) {
    if (name.ends_with(".npy") && holds_npy_images(path / name)) files.push_back(path / name);
  }
  return files;
}

bool is_npy_images(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(path, error) ? !npy_image_files(path).empty() : holds_npy_images(path);
}

FoundParts parts_of_npy(const fs::path& path) {
  FoundParts parts;
  std::error_code error;
  if (!fs::is_directory(path, error)) return parts;
  for (const fs::path& file : npy_image_files(path)) parts.add(part_name_in(file.filename().string()));
  return parts;
}

std::unique_ptr<SampleIndex> open_npy_images(const fs::path& path, const std::string& part_name) {
  const PartName part = parts_of_npy(path).resolve(part_name, path.string());
  std::vector<fs::path> found;
  for (const fs::path& file : npy_image_files(path)) {
    if (part == PartName::kNone || part_name_in(file.filename().string()) == part) found.push_back(file);
  }
  if (found.size() != 1)
    throw DataError(path.string(), "", cat("expected one .npy file of images of that part, got ", found.size()),
                    "name the file itself");
  return open_npy_file(found.front());
}

}  // namespace

SampleFormat npy_images_format() {
  return {"npy", "numpy arrays of uint8 images (images.npy with labels.npy, x_train.npy with y_train.npy ...)",
          is_npy_images, parts_of_npy, open_npy_images};
}

}  // namespace hasten
