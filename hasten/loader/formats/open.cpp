// Opens shards and folders of JPEG files, class/name.jpg.
#include "hasten/loader/formats/open.h"

#include <algorithm>

#include "hasten/base/error.h"
#include "hasten/loader/shards/shard_index.h"

namespace hasten {
namespace {

namespace fs = std::filesystem;

class JpegFolder : public SampleIndex {
 public:
  explicit JpegFolder(const fs::path& path) {
    std::vector<fs::path> folders;
    for (const auto& entry : fs::directory_iterator(path))
      if (entry.is_directory()) folders.push_back(entry.path());
    std::sort(folders.begin(), folders.end());
    for (const fs::path& folder : folders) {
      std::vector<fs::path> images;
      for (const auto& entry : fs::directory_iterator(folder))
        if (entry.path().extension() == ".jpg") images.push_back(entry.path());
      std::sort(images.begin(), images.end());
      for (const fs::path& image : images) {
        files_.push_back({image, fs::file_size(image), {}});
        labels_.push_back(static_cast<int64_t>(classes_.size()));
      }
      classes_.push_back(folder.filename().string());
    }
    if (files_.empty()) throw DataError(path.string(), "", "expected shards, or a folder of class/name.jpg");
  }
  const std::string& format() const override { return format_; }
  int64_t size() const override { return static_cast<int64_t>(files_.size()); }
  SampleEntry entry(int64_t i) const override {
    const auto at = static_cast<size_t>(i);
    return {static_cast<uint32_t>(i), 0, files_[at].bytes, Codec::kJpeg, 0, 0, 0, labels_[at], {}};
  }
  const std::vector<SampleFile>& files() const override { return files_; }
  std::vector<std::string> classes() const override { return classes_; }
  std::string describe(int64_t i) const override { return files_[static_cast<size_t>(i)].path.string(); }

 private:
  const std::string format_ = "folder";
  std::vector<SampleFile> files_;
  std::vector<int64_t> labels_;
  std::vector<std::string> classes_;
};

}  // namespace

std::vector<std::string> parts_of(const fs::path& path) {
  if (!fs::exists(path))
    throw ConfigError("data", "a file or folder with samples", path.string() + ", which is not there");
  std::vector<std::string> parts;
  for (const char* part : {"train", "test"})
    if (fs::is_directory(path / part)) parts.emplace_back(part);
  return parts.empty() ? std::vector<std::string>{""} : parts;
}

std::unique_ptr<SampleIndex> open_samples(const fs::path& path, const std::string& part) {
  const fs::path at = part.empty() ? path : path / part;
  if (holds_shards(at)) return open_shards(at);
  return std::make_unique<JpegFolder>(at);
}

}  // namespace hasten
