// Samples of a test's own making. For tests only.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "hasten/base/files.h"
#include "hasten/base/rng.h"
#include "hasten/base/text.h"
#include "hasten/loader/formats/test_files.h"
#include "hasten/loader/sample_index.h"

namespace hasten::shards {

struct TestSample {
  std::string bytes;
  Codec codec = Codec::kText;
  uint32_t width = 0, height = 0;
  uint8_t channels = 0;
  int64_t label = -1;
  std::string name;
};

// All samples lie in one file, as in a tar.
class TestSource : public SampleIndex {
 public:
  TestSource(const std::filesystem::path& file, std::vector<TestSample> samples, std::vector<std::string> classes = {})
      : samples_(std::move(samples)), classes_(std::move(classes)) {
    std::string all;
    for (const TestSample& sample : samples_) {
      offsets_.push_back(all.size());
      all += sample.bytes;
    }
    write_file_atomic(file, all);
    files_.push_back({file, all.size(), {}});
  }
  const std::string& format() const override { return format_; }
  int64_t size() const override { return static_cast<int64_t>(samples_.size()); }
  SampleEntry entry(int64_t i) const override {
    const TestSample& sample = samples_.at(static_cast<size_t>(i));
    return {0,
            offsets_[static_cast<size_t>(i)],
            sample.bytes.size(),
            sample.codec,
            sample.width,
            sample.height,
            sample.channels,
            sample.label,
            {}};
  }
  const std::vector<SampleFile>& files() const override { return files_; }
  std::vector<std::string> classes() const override { return classes_; }
  std::string describe(int64_t i) const override {
    const std::string& name = samples_.at(static_cast<size_t>(i)).name;
    return name.empty() ? SampleIndex::describe(i) : name;
  }
  std::vector<TestSample>& samples() { return samples_; }

 private:
  const std::string format_ = "test";
  std::vector<TestSample> samples_;
  std::vector<std::string> classes_;
  std::vector<uint64_t> offsets_;
  std::vector<SampleFile> files_;
};

// Raw images of random bytes, all of another size, ten classes.
inline std::vector<TestSample> random_images(size_t n, uint64_t seed = 1) {
  std::vector<TestSample> samples;
  for (size_t i = 0; i < n; ++i) {
    RandomStream random(seed, operation("shards.test"), 0, i);
    TestSample sample{"",
                      Codec::kRaw,
                      static_cast<uint32_t>(1 + random.below(9)),
                      static_cast<uint32_t>(1 + random.below(9)),
                      static_cast<uint8_t>(random.below(2) == 0 ? 1 : 3),
                      static_cast<int64_t>(i % 10),
                      cat("images/", i, ".raw")};
    sample.bytes.resize(size_t{sample.width} * sample.height * sample.channels);
    for (char& byte : sample.bytes) byte = static_cast<char>(random.bits());
    samples.push_back(std::move(sample));
  }
  return samples;
}

}  // namespace hasten::shards
