// FFCV's .beton files, version 2: header, fields, metadata of all samples, pages of data, allocation table
// (Leclerc et al.: FFCV, arXiv:2306.12517; layout as its writer 1.0 makes it). There are no checksums in it.
#include <algorithm>
#include <array>
#include <optional>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/loader/formats/byte_order.h"
#include "hasten/loader/formats/format.h"
#include "hasten/loader/formats/input.h"

namespace hasten {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kBetonHeader = 24, kBetonField = 1 + 16 + 1024, kBetonAllocation = 24;
constexpr uint16_t kMostBetonFields = 256;
constexpr uint8_t kBetonJpeg = 0, kBetonRaw = 1;

// How a field's metadata lie in a sample's: numpy's layout of an aligned record of packed ones.
struct BetonFieldType {
  uint8_t id;
  const char* name;
  uint32_t bytes, alignment;
};
constexpr std::array<BetonFieldType, 7> kBetonTypes{{{0, "float", 8, 8},
                                                     {1, "int", 8, 8},
                                                     {2, "rgb image", 13, 1},
                                                     {3, "bytes", 16, 1},
                                                     {4, "ndarray", 8, 8},
                                                     {5, "json", 16, 1},
                                                     {6, "tensor", 8, 8}}};

struct BetonImage {
  uint64_t offset = 0;
  uint32_t bytes = 0;
  int32_t label = -1;
  uint16_t width = 0, height = 0;
  uint8_t mode = kBetonRaw;
};

class BetonIndex : public SampleIndex {
 public:
  BetonIndex(SampleFile file, std::vector<BetonImage> images) : files_{std::move(file)}, images_(std::move(images)) {}

  const std::string& format() const override {
    static const std::string name = "beton";
    return name;
  }
  int64_t size() const override { return static_cast<int64_t>(images_.size()); }
  SampleEntry entry(int64_t sample) const override {
    const BetonImage& image = images_.at(static_cast<size_t>(sample));
    SampleEntry entry;
    entry.offset = image.offset;
    entry.bytes = image.bytes;
    entry.codec = image.mode == kBetonJpeg ? Codec::kJpeg : Codec::kRaw;
    entry.width = image.width;
    entry.height = image.height;
    entry.channels = 3;
    entry.label = image.label;
    return entry;
  }
  const std::vector<SampleFile>& files() const override { return files_; }

 private:
  std::vector<SampleFile> files_;
  std::vector<BetonImage> images_;
};

class BetonReader {
 public:
  explicit BetonReader(const fs::path& path) : file_(path) {}

  std::unique_ptr<SampleIndex> read() {
    read_header();
    read_fields();
    read_allocations();
    std::vector<BetonImage> images = read_samples();
    return std::make_unique<BetonIndex>(plain_sample_file(file_.path(), file_.size()), std::move(images));
  }

 private:
  struct Allocation {
    uint64_t offset, bytes, sample;
  };

  [[noreturn]] void fail(uint64_t byte, const std::string& message, const std::string& hint = "") const {
    fail_at_byte(file_.path(), byte, message, hint);
  }

  void read_header() {
    const std::vector<uint8_t> header = file_.read(0, kBetonHeader);
    const uint16_t version = le16(header.data());
    if (version != 2) fail(0, cat("expected version 2 of FFCV's format, got ", version));
    fields_ = le16(header.data() + 2);
    if (fields_ == 0 || fields_ > kMostBetonFields)
      fail(2, cat("expected 1 to ", kMostBetonFields, " fields, got ", fields_));
    samples_ = le64(header.data() + 8);
    table_ = le64(header.data() + 16);
    if (table_ == 0)
      fail(16, "expected where the allocation table is, got 0", "the file was not finished: write it again");
    if (table_ > file_.size() || (file_.size() - table_) % kBetonAllocation != 0)
      fail(16,
           cat("expected an allocation table of whole entries of ", kBetonAllocation, " bytes at byte ", table_,
               ", the file has ", file_.size()),
           "the file is cut off or was not finished: write it again");
  }

  void read_fields() {
    std::optional<size_t> image, label;
    for (size_t f = 0; f < fields_; ++f) {
      const uint64_t at = kBetonHeader + f * kBetonField;
      const std::vector<uint8_t> field = file_.read(at, 17);
      const std::string name(field.begin() + 1, std::find(field.begin() + 1, field.end(), uint8_t{0}));
      const auto type = std::find_if(kBetonTypes.begin(), kBetonTypes.end(),
                                     [&](const BetonFieldType& t) { return t.id == field[0]; });
      if (type == kBetonTypes.end())
        fail(at, cat("expected a field of FFCV's own types, got type ", int{field[0]}, " for \"", name, "\""),
             "fields of types of your own cannot be read here: write the file again without them");
      sample_bytes_ = (sample_bytes_ + type->alignment - 1) / type->alignment * type->alignment;
      alignment_ = std::max(alignment_, uint64_t{type->alignment});
      // The first of each kind, unless a later one has the usual name.
      if (type->id == 2 && (!image || name == "image")) {
        image = f;
        image_at_ = sample_bytes_;
      }
      if (type->id == 1 && (!label || name == "label")) {
        label = f;
        label_at_ = sample_bytes_;
      }
      sample_bytes_ += type->bytes;
    }
    sample_bytes_ = (sample_bytes_ + alignment_ - 1) / alignment_ * alignment_;
    if (!image) fail(kBetonHeader, "expected a field of RGB images, got none");
    has_label_ = label.has_value();
    metadata_ = kBetonHeader + fields_ * kBetonField;
    if (metadata_ > table_ || samples_ > (table_ - metadata_) / sample_bytes_)
      fail(8, cat("expected samples whose ", sample_bytes_, " bytes of metadata lie before byte ", table_, ", got ",
                  samples_));
    data_ = metadata_ + samples_ * sample_bytes_;
  }

  void read_allocations() {
    const std::vector<uint8_t> table = file_.read(table_, file_.size() - table_);
    for (uint64_t at = 0; at < table.size(); at += kBetonAllocation) {
      const Allocation one{le64(&table[at + 8]), le64(&table[at + 16]), le64(&table[at])};
      if (one.sample >= samples_ || one.offset < data_ || one.offset > table_ || one.bytes > table_ - one.offset)
        fail(table_ + at, cat("expected an allocation of a sample below ", samples_, " in bytes ", data_, " to ",
                              table_, ", got ", one.bytes, " bytes at ", one.offset, " of sample ", one.sample));
      allocations_.push_back(one);
    }
    std::sort(allocations_.begin(), allocations_.end(),
              [](const Allocation& a, const Allocation& b) { return a.offset < b.offset; });
    for (size_t i = 1; i < allocations_.size(); ++i) {
      const Allocation &before = allocations_[i - 1], &one = allocations_[i];
      if (before.bytes > one.offset - before.offset)
        fail(table_,
             cat("expected allocations apart from each other, got two at bytes ", before.offset, " and ", one.offset));
    }
  }

  std::vector<BetonImage> read_samples() const {
    std::vector<BetonImage> images(samples_);
    constexpr uint64_t kAtOnce = 4096;
    for (uint64_t first = 0; first < samples_; first += kAtOnce) {
      const uint64_t count = std::min(kAtOnce, samples_ - first);
      const std::vector<uint8_t> metadata = file_.read(metadata_ + first * sample_bytes_, count * sample_bytes_);
      for (uint64_t i = 0; i < count; ++i)
        images[first + i] = read_sample(first + i, metadata.data() + i * sample_bytes_);
    }
    return images;
  }

  BetonImage read_sample(uint64_t sample, const uint8_t* metadata) const {
    const uint64_t at = metadata_ + sample * sample_bytes_;
    BetonImage image;
    const uint8_t* field = metadata + image_at_;
    image.mode = field[0];
    image.width = le16(field + 1);
    image.height = le16(field + 3);
    image.offset = le64(field + 5);
    if (image.mode > kBetonRaw) fail(at + image_at_, cat("expected mode 0 (jpg) or 1 (raw), got ", int{image.mode}));
    const auto found = std::lower_bound(allocations_.begin(), allocations_.end(), image.offset,
                                        [](const Allocation& a, uint64_t offset) { return a.offset < offset; });
    if (found == allocations_.end() || found->offset != image.offset || found->sample != sample)
      fail(at + image_at_ + 5, cat("expected the place of an image of sample ", sample,
                                   " that the allocation table has, got ", image.offset));
    const uint64_t pixels = uint64_t{3} * image.width * image.height;
    if (pixels == 0 || (image.mode == kBetonRaw && found->bytes != pixels) || found->bytes > UINT32_MAX)
      fail(at + image_at_ + 1,
           cat("expected an image of ", found->bytes, " bytes, got ", image.width, " x ", image.height));
    image.bytes = static_cast<uint32_t>(found->bytes);
    if (!has_label_) return image;
    const uint64_t label = le64(metadata + label_at_);
    if (label > INT32_MAX)
      fail(at + label_at_, cat("expected the number of a class, got ", static_cast<int64_t>(label)));
    image.label = static_cast<int32_t>(label);
    return image;
  }

  InputFile file_;
  uint64_t fields_ = 0, samples_ = 0, table_ = 0;
  uint64_t sample_bytes_ = 0, alignment_ = 1, image_at_ = 0, label_at_ = 0, metadata_ = 0, data_ = 0;
  bool has_label_ = false;
  std::vector<Allocation> allocations_;
};

std::vector<fs::path> beton_files(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const std::string& name : sorted_listing(folder)) {
    if (name.ends_with(".beton")) files.push_back(folder / name);
  }
  return files;
}

bool is_beton(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(path, error) ? !beton_files(path).empty() : path.extension() == ".beton";
}

FoundParts parts_of_beton(const fs::path& path) {
  FoundParts parts;
  std::error_code error;
  if (!fs::is_directory(path, error)) return parts;
  for (const fs::path& file : beton_files(path)) parts.add(part_name_in(file.filename().string()));
  return parts;
}

std::unique_ptr<SampleIndex> open_beton(const fs::path& path, const std::string& part_name) {
  const PartName part = parts_of_beton(path).resolve(part_name, path.string());
  std::error_code error;
  if (!fs::is_directory(path, error)) return BetonReader(path).read();
  std::vector<fs::path> found;
  for (const fs::path& file : beton_files(path)) {
    if (part == PartName::kNone || part_name_in(file.filename().string()) == part) found.push_back(file);
  }
  if (found.size() != 1)
    throw DataError(path.string(), "", cat("expected one .beton file of that part, got ", found.size()),
                    "name the file itself");
  return BetonReader(found.front()).read();
}

}  // namespace

SampleFormat beton_format() {
  return {"beton", "FFCV's .beton files of RGB images with labels, raw and JPEG", is_beton, parts_of_beton, open_beton};
}

}  // namespace hasten
