// Made-up samples in a file, and work that shows in its slot what it was given; for tests of the loader.
#pragma once

#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "hasten/base/error.h"
#include "hasten/base/hash.h"
#include "hasten/base/rng.h"
#include "hasten/loader/loader.h"

namespace hasten::test {

// `count` records of 40 to 239 bytes in one file of its own, which is removed at the end.
class FileSamples final : public SampleIndex {
 public:
  explicit FileSamples(int64_t count, bool hashed = true)
      : path_(std::filesystem::temp_directory_path() /
              ("hasten_loader_" + std::to_string(::getpid()) + "_" + std::to_string(next()++))) {
    std::string all;
    for (int64_t i = 0; i < count; ++i) {
      RandomStream random(1, operation("test.samples"), 0, static_cast<uint64_t>(i));
      std::string record(40 + random.below(200), '\0');
      for (char& byte : record) byte = static_cast<char>(random.bits());
      SampleEntry entry;
      entry.offset = all.size();
      entry.bytes = record.size();
      entry.label = i % 10;
      if (hashed) entry.hash = hash64(record);
      entries_.push_back(entry);
      all += record;
    }
    std::ofstream(path_, std::ios::binary) << all;
    files_ = {{path_, all.size(), nullptr}};
  }
  ~FileSamples() override { std::filesystem::remove(path_); }
  const std::string& format() const override { return format_; }
  int64_t size() const override { return static_cast<int64_t>(entries_.size()); }
  std::function<void(int64_t)> before_entry;  // where a test makes a read hang
  SampleEntry entry(int64_t sample) const override {
    if (before_entry) before_entry(sample);
    return entries_.at(static_cast<size_t>(sample));
  }
  const std::vector<SampleFile>& files() const override { return files_; }
  std::vector<SampleFile>& change_files() { return files_; }

  // Flips a byte in the record of a sample.
  void damage(int64_t sample) {
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(entry(sample).offset + 5));
    const int byte = file.get();
    file.seekp(static_cast<std::streamoff>(entry(sample).offset + 5));
    file.put(static_cast<char>(byte ^ 0x10));
  }

 private:
  static int& next() {
    static int number = 0;
    return number;
  }
  std::string format_ = "test";
  std::filesystem::path path_;
  std::vector<SampleEntry> entries_;
  std::vector<SampleFile> files_;
};

// Writes the hash of the record and a random draw of the sample's key; waits or spins where a test wants it.
class ShowingWork final : public SampleWork {
 public:
  struct Slot {
    uint64_t record, draw;
  };
  std::function<void(const SampleKey&)> before;
  size_t slot_bytes() const override { return sizeof(Slot); }
  std::unique_ptr<WorkScratch> scratch() const override { return std::make_unique<WorkScratch>(); }
  void run(const SamplePayload& payload, const SampleKey& key, std::span<uint8_t> slot, WorkScratch&,
           StageClock& clock) const override {
    if (before) before(key);
    clock.enter(Stage::kAugment);
    RandomStream random(key.seed, operation("test.work"), key.epoch, static_cast<uint64_t>(key.sample));
    Slot out{hash64({reinterpret_cast<const char*>(payload.bytes.data()), payload.bytes.size()}),
             uint64_t{random.bits()}};
    std::memcpy(slot.data(), &out, sizeof out);
  }
};

}  // namespace hasten::test
