// CIFAR-10 and CIFAR-100 as binary files: one or two bytes of labels, then 32 x 32 red, green and blue values
// (A. Krizhevsky: Learning Multiple Layers of Features from Tiny Images, 2009).
#include <algorithm>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/loader/formats/format.h"
#include "hasten/loader/formats/input.h"

namespace hasten {
namespace {

namespace fs = std::filesystem;

constexpr uint32_t kCifarSide = 32;
constexpr uint64_t kCifarImage = uint64_t{3} * kCifarSide * kCifarSide;

// Which of the two sets: they differ in how many labels a record has.
struct CifarKind {
  uint64_t labels;    // bytes in front of the image; the last one is the class
  uint8_t classes;
  const char* names;  // file with the names of the classes
};
constexpr CifarKind kCifar10{1, 10, "batches.meta.txt"}, kCifar100{2, 100, "fine_label_names.txt"};

class CifarIndex : public SampleIndex {
 public:
  explicit CifarIndex(const CifarKind& kind) : kind_(kind) {}

  void add(const fs::path& path) {
    InputFile file(path);
    const uint64_t record = kind_.labels + kCifarImage;
    if (file.size() == 0 || file.size() % record != 0)
      fail_at_byte(path, file.size(),
                   cat("expected records of ", record, " bytes, got ", file.size(), " bytes in all, ",
                       file.size() % record, " more than whole records"));
    const uint64_t count = file.size() / record;
    constexpr uint64_t kAtOnce = 1024;
    std::vector<uint8_t> records(std::min(count, kAtOnce) * record);
    for (uint64_t first = 0; first < count; first += kAtOnce) {
      const uint64_t here = std::min(kAtOnce, count - first);
      file.read(first * record, std::span(records).first(here * record));
      for (uint64_t i = 0; i < here; ++i) {
        const uint8_t label = records[i * record + kind_.labels - 1];
        if (label >= kind_.classes)
          fail_at_byte(path, (first + i) * record + kind_.labels - 1,
                       cat("expected a label in 0..", kind_.classes - 1, ", got ", int{label}));
        labels_.push_back(label);
      }
    }
    first_of_.push_back(static_cast<int64_t>(labels_.size() - count));
    files_.push_back(plain_sample_file(path, file.size()));
  }
  void name_classes(std::vector<std::string> names) { names_ = std::move(names); }

  const std::string& format() const override {
    static const std::string name = "cifar";
    return name;
  }
  int64_t size() const override { return static_cast<int64_t>(labels_.size()); }
  SampleEntry entry(int64_t sample) const override {
    SampleEntry entry;
    entry.label = labels_.at(static_cast<size_t>(sample));
    const auto after = std::upper_bound(first_of_.begin(), first_of_.end(), sample);  // of six files at most
    entry.file = static_cast<uint32_t>(after - first_of_.begin() - 1);
    const auto place = static_cast<uint64_t>(sample - first_of_[entry.file]);
    entry.offset = place * (kind_.labels + kCifarImage) + kind_.labels;
    entry.bytes = kCifarImage;
    entry.codec = Codec::kPlanar;
    entry.width = entry.height = kCifarSide;
    entry.channels = 3;
    return entry;
  }
  const std::vector<SampleFile>& files() const override { return files_; }
  std::vector<std::string> classes() const override { return names_; }

 private:
  CifarKind kind_;
  std::vector<SampleFile> files_;
  std::vector<int64_t> first_of_;
  std::vector<uint8_t> labels_;
  std::vector<std::string> names_;
};

struct CifarFiles {
  CifarKind kind = kCifar10;
  std::vector<fs::path> train, test;
};

// The files as they are published, in the folder or in the one that their archive makes.
CifarFiles find_cifar(const fs::path& folder) {
  std::error_code error;
  for (const fs::path& place : {folder, folder / "cifar-10-batches-bin", folder / "cifar-100-binary"}) {
    CifarFiles found;
    for (int i = 1; i <= 5; ++i) {
      const fs::path batch = place / cat("data_batch_", i, ".bin");
      if (fs::is_regular_file(batch, error)) found.train.push_back(batch);
    }
    if (fs::is_regular_file(place / "test_batch.bin", error)) found.test.push_back(place / "test_batch.bin");
    if (!found.train.empty() || !found.test.empty()) return found;
    found.kind = kCifar100;
    // "train.bin" alone may be a file of tokens: the names of the classes lie beside those of CIFAR-100.
    if (!fs::is_regular_file(place / kCifar100.names, error)) continue;
    if (fs::is_regular_file(place / "train.bin", error)) found.train.push_back(place / "train.bin");
    if (fs::is_regular_file(place / "test.bin", error)) found.test.push_back(place / "test.bin");
    if (!found.train.empty() || !found.test.empty()) return found;
  }
  return {};
}

bool is_cifar_batch(const std::string& name) {
  return (name.starts_with("data_batch_") || name == "test_batch.bin") && name.ends_with(".bin");
}

std::vector<std::string> read_class_names(const fs::path& path, size_t most) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return {};
  const std::vector<uint8_t> text = read_content(path, 1 << 16);
  std::vector<std::string> names;
  for (const std::string& line : split({reinterpret_cast<const char*>(text.data()), text.size()}, '\n')) {
    if (std::string_view name = trim(line); !name.empty()) names.emplace_back(name);
  }
  if (names.size() > most) names.resize(most);
  return names;
}

bool is_cifar(const fs::path& path) {
  std::error_code error;
  if (fs::is_regular_file(path, error)) return is_cifar_batch(path.filename().string());
  const CifarFiles found = find_cifar(path);
  return !found.train.empty() || !found.test.empty();
}

FoundParts parts_of_cifar(const fs::path& path) {
  FoundParts parts;
  if (std::error_code error; fs::is_regular_file(path, error)) return parts;
  const CifarFiles found = find_cifar(path);
  if (!found.train.empty()) parts.add(PartName::kTrain);
  if (!found.test.empty()) parts.add(PartName::kTest);
  return parts;
}

std::unique_ptr<SampleIndex> open_cifar(const fs::path& path, const std::string& part_name) {
  const PartName part = parts_of_cifar(path).resolve(part_name, path.string());
  CifarFiles found = find_cifar(path);
  std::error_code error;
  if (fs::is_regular_file(path, error)) found.train = {path};
  auto index = std::make_unique<CifarIndex>(found.kind);
  const std::vector<fs::path>& files = part == PartName::kTest ? found.test : found.train;
  for (const fs::path& file : files) index->add(file);
  const fs::path folder = files.empty() ? path : files.front().parent_path();
  index->name_classes(read_class_names(folder / found.kind.names, found.kind.classes));
  return index;
}

}  // namespace

SampleFormat cifar_format() {
  return {"cifar", "CIFAR-10 and CIFAR-100, binary version (data_batch_1.bin ..., train.bin)", is_cifar, parts_of_cifar,
          open_cifar};
}

}  // namespace hasten
