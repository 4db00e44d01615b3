// Descriptors of several stores in one process, and what of the files is in memory.
#include "hasten/loader/file_store.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

namespace hasten {
namespace {

// A file a sample.
class ManyFiles final : public SampleIndex {
 public:
  explicit ManyFiles(int count)
      : folder_(std::filesystem::temp_directory_path() / ("hasten_files_" + std::to_string(getpid()))) {
    std::filesystem::create_directories(folder_);
    for (int i = 0; i < count; ++i) {
      const std::filesystem::path path = folder_ / std::to_string(i);
      std::ofstream(path) << "sample";
      files_.push_back({path, 6, nullptr});
    }
  }
  ~ManyFiles() override { std::filesystem::remove_all(folder_); }
  const std::string& format() const override { return format_; }
  int64_t size() const override { return static_cast<int64_t>(files_.size()); }
  SampleEntry entry(int64_t sample) const override {
    SampleEntry entry;
    entry.file = static_cast<uint32_t>(sample);
    entry.bytes = 6;
    return entry;
  }
  const std::vector<SampleFile>& files() const override { return files_; }
  std::vector<std::string> classes() const override { return {}; }
  SamplePayload payload(int64_t, const SampleEntry&, std::span<const uint8_t> record) const override {
    return SamplePayload{.bytes = record};
  }
  std::string describe(int64_t sample) const override { return std::to_string(sample); }

 private:
  std::filesystem::path folder_;
  std::string format_ = "files";
  std::vector<SampleFile> files_;
};

[[noreturn]] void read_in_few_descriptors(const SampleIndex& index) {
  rlimit few{};
  few.rlim_cur = few.rlim_max = 256;
  setrlimit(RLIMIT_NOFILE, &few);
  std::vector<std::unique_ptr<FileStore>> stores;
  std::vector<uint8_t> buffer;
  try {
    for (int i = 0; i < 6; ++i) {
      stores.push_back(std::make_unique<FileStore>(index, ReadMode::kRead, 1 << 20));
      for (int64_t sample = 0; sample < index.size(); ++sample) stores.back()->read(index.entry(sample), buffer);
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    _exit(1);
  }
  _exit(0);
}

// Training, evaluation and statistics read the same folder at once; they may open 256 files together.
TEST(FileStoreTest, StoresShareTheDescriptorsOfTheProcess) {
  const ManyFiles index(300);
  EXPECT_EXIT(read_in_few_descriptors(index), testing::ExitedWithCode(0), "");
}

// R4 of a diagnosis rests on its few samples, whatever else lies in their files.
TEST(FileStoreTest, RecordsAreInMemoryWhateverTheirFilesAre) {
  const ManyFiles index(3);
  std::filesystem::resize_file(index.files()[1].path, 1 << 20);  // a hole that nobody has read
  EXPECT_LT(resident_share(index.files()), 1);
  EXPECT_EQ(resident_share(index, 3), 1);
}

}  // namespace
}  // namespace hasten
