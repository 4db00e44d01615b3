// IDX files of images and their labels: two zero bytes, a type, a rank, one big-endian 32-bit size a dimension, then the
// values (Y. LeCun, C. Cortes, C. Burges: The MNIST database of handwritten digits).
#include <array>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/loader/formats/byte_order.h"
#include "hasten/loader/formats/format.h"
#include "hasten/loader/formats/input.h"

namespace hasten {
namespace {

namespace fs = std::filesystem;

constexpr uint8_t kIdxUnsignedByte = 0x08;
constexpr uint64_t kMostIdxRecords = uint64_t{1} << 31;

class IdxIndex : public SampleIndex {
 public:
  IdxIndex(SampleFile images, uint64_t header, uint32_t height, uint32_t width, uint8_t channels,
           std::vector<uint8_t> labels, int64_t count)
      : files_{std::move(images)},
        labels_(std::move(labels)),
        count_(count),
        header_(header),
        height_(height),
        width_(width),
        channels_(channels) {}

  const std::string& format() const override {
    static const std::string name = "idx";
    return name;
  }
  int64_t size() const override { return count_; }
  SampleEntry entry(int64_t sample) const override {
    HASTEN_CHECK(sample >= 0 && sample < count_, "a sample of the data");
    SampleEntry entry;
    entry.bytes = uint64_t{height_} * width_ * channels_;
    entry.offset = header_ + static_cast<uint64_t>(sample) * entry.bytes;
    entry.codec = Codec::kRaw;
    entry.width = width_;
    entry.height = height_;
    entry.channels = channels_;
    entry.label = labels_.empty() ? -1 : labels_[static_cast<size_t>(sample)];
    return entry;
  }
  const std::vector<SampleFile>& files() const override { return files_; }

 private:
  std::vector<SampleFile> files_;
  std::vector<uint8_t> labels_;
  int64_t count_;
  uint64_t header_;
  uint32_t height_, width_;
  uint8_t channels_;
};

// Sizes that the header gives; `stream` stands behind it afterwards.
std::vector<uint32_t> read_idx_header(InputStream& stream) {
  std::array<uint8_t, 4> word{};
  stream.read_exactly(word, "the magic number");
  if (word[0] != 0 || word[1] != 0)
    stream.fail(0, cat("expected the magic number of an IDX file, 00 00 08 .., got ", bytes_text(word)));
  if (word[2] != kIdxUnsignedByte)
    stream.fail(2,
                cat("expected values of type 0x08 (unsigned byte), got ", bytes_text(std::span(word).subspan(2, 1))));
  if (word[3] == 0 || word[3] > 4) stream.fail(3, cat("expected 1 to 4 dimensions, got ", int{word[3]}));
  std::vector<uint32_t> dims(word[3]);
  for (uint32_t& dim : dims) {
    stream.read_exactly(word, "a header");
    dim = be32(word.data());
  }
  return dims;
}

std::vector<uint8_t> read_idx_labels(const fs::path& path) {
  InputStream stream(path, kMostIdxRecords + 8);
  const std::vector<uint32_t> dims = read_idx_header(stream);
  if (dims.size() != 1)
    stream.fail(3, cat("expected labels of 1 dimension, got ", dims.size()),
                "images and labels may be exchanged: compare the name of the file with its content");
  std::vector<uint8_t> labels;
  while (labels.size() < dims[0]) {  // memory grows with what is there, not with what the header says
    const size_t at = labels.size();
    labels.resize(std::min<size_t>(dims[0], std::max<size_t>(at * 2, 1 << 20)));
    stream.read_exactly(std::span(labels).subspan(at), "labels");
  }
  std::array<uint8_t, 1> more{};
  if (stream.read(more) != 0) stream.fail(8 + labels.size(), "expected the end of the data, got more");
  return labels;
}

std::unique_ptr<SampleIndex> open_idx_pair(const fs::path& images, const fs::path& labels_path) {
  InputStream stream(images);
  const std::vector<uint32_t> dims = read_idx_header(stream);
  if (dims.size() < 3)
    stream.fail(3, cat("expected images of 3 or 4 dimensions, got ", dims.size()),
                "images and labels may be exchanged: compare the name of the file with its content");
  const uint32_t channels = dims.size() == 4 ? dims[3] : 1;
  if (dims[0] == 0 || dims[1] == 0 || dims[2] == 0 || channels == 0 || channels > 4 || dims[1] > 65535 ||
      dims[2] > 65535)
    stream.fail(4, cat("expected images of 1 to 65535 pixels a side with 1 to 4 channels, got ", dims[0], " of ",
                       dims[1], " x ", dims[2], " x ", channels));
  const uint64_t header = 4 + 4 * dims.size(), image = uint64_t{dims[1]} * dims[2] * channels;
  if (image > (uint64_t{1} << 62) / dims[0]) stream.fail(4, "expected sizes whose product is the size of a file");
  const uint64_t bytes = header + dims[0] * image;
  if (stream.packing() == Packing::kNone && stream.file_bytes() != bytes)
    stream.fail(std::min(bytes, stream.file_bytes()),
                cat("expected ", bytes, " bytes of header and values, got ", stream.file_bytes()));
  std::vector<uint8_t> labels;
  if (!labels_path.empty()) {
    labels = read_idx_labels(labels_path);
    if (labels.size() != dims[0])
      fail_at_byte(
          labels_path, 4,
          cat("expected ", dims[0], " labels as ", images.filename().string(), " has images, got ", labels.size()),
          "the two files belong to different data sets or parts");
  }
  SampleFile file =
      stream.packing() == Packing::kNone ? plain_sample_file(images, bytes) : packed_sample_file(images, bytes);
  return std::make_unique<IdxIndex>(std::move(file), header, dims[1], dims[2], static_cast<uint8_t>(channels),
                                    std::move(labels), dims[0]);
}

// "train-images-idx3-ubyte", "t10k-images.idx3-ubyte.gz", "emnist-letters-train-images-idx3-ubyte", of images or labels.
bool is_idx_name(const std::string& name, std::string_view what) {
  const size_t at = name.find(what);
  if (at == std::string::npos) return false;
  const std::string_view rest = std::string_view(name).substr(at + what.size());
  return rest.starts_with("-idx") || rest.starts_with(".idx");
}

std::vector<fs::path> idx_images(const fs::path& folder) {
  std::vector<fs::path> images;
  for (const std::string& name : sorted_listing(folder)) {
    // A file and its packed twin are one.
    if (is_idx_name(name, "images") && (images.empty() || images.back().string() + ".gz" != (folder / name).string()))
      images.push_back(folder / name);
  }
  return images;
}

fs::path labels_beside(const fs::path& images) {
  const std::string name = images.filename().string();
  const std::string stem = name.substr(0, name.find("images"));
  for (const std::string& other : sorted_listing(images.has_parent_path() ? images.parent_path() : ".")) {
    if (other.starts_with(stem) && is_idx_name(other.substr(stem.size()), "labels"))
      return images.parent_path() / other;
  }
  return {};
}

bool is_idx(const fs::path& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) return !idx_images(path).empty();
  if (is_idx_name(path.filename().string(), "images")) return true;
  try {
    InputStream stream(path, 1 << 20);
    std::array<uint8_t, 4> magic{};
    return stream.read(magic) == 4 && magic[0] == 0 && magic[1] == 0 && magic[2] == kIdxUnsignedByte &&
           (magic[3] == 3 || magic[3] == 4);
  } catch (const DataError&) {
    return false;
  }
}

FoundParts parts_of_idx(const fs::path& path) {
  FoundParts parts;
  std::error_code error;
  if (!fs::is_directory(path, error)) return parts;
  for (const fs::path& images : idx_images(path)) parts.add(part_name_in(images.filename().string()));
  return parts;
}

std::unique_ptr<SampleIndex> open_idx(const fs::path& path, const std::string& part_name) {
  const PartName part = parts_of_idx(path).resolve(part_name, path.string());
  std::error_code error;
  if (!fs::is_directory(path, error)) return open_idx_pair(path, labels_beside(path));
  std::vector<fs::path> found;
  for (const fs::path& images : idx_images(path)) {
    if (part == PartName::kNone || part_name_in(images.filename().string()) == part) found.push_back(images);
  }
  if (found.size() != 1)
    throw DataError(path.string(), "", cat("expected one IDX file of images, got ", found.size()),
                    "keep the files of each data set in a folder of their own");
  const fs::path labels = labels_beside(found.front());
  if (labels.empty())
    throw DataError(found.front().string(), "", "expected a file of labels beside it, got none",
                    "labels are called like images, with \"labels\" and idx1 in the name");
  return open_idx_pair(found.front(), labels);
}

}  // namespace

SampleFormat idx_format() {
  return {"idx", "IDX files of MNIST (train-images-idx3-ubyte ...), plain or with .gz", is_idx, parts_of_idx, open_idx};
}

}  // namespace hasten
