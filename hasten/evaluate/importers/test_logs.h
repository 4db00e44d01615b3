// For tests of importers: logs written into a folder of their own, and records of event files.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "hasten/base/error.h"
#include "hasten/base/files.h"
#include "hasten/base/text.h"
#include "hasten/evaluate/importers/importers.h"
#include "hasten/evaluate/importers/tfrecord.h"

namespace hasten::evaluate {

class ImportTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = std::filesystem::temp_directory_path() / cat("hasten_import_", ::getpid());
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }
  std::filesystem::path put(const std::string& name, const std::string& bytes) {
    std::filesystem::create_directories((root_ / name).parent_path());
    write_file_atomic(root_ / name, bytes);
    return root_ / name;
  }
  std::vector<evaluate::Run> read(const std::string& name, const std::string& bytes, ImportOptions options = {}) {
    return load_runs({put(name, bytes).string()}, options);
  }
  std::string error_of(const std::string& name, const std::string& bytes, ImportOptions options = {}) {
    try {
      read(name, bytes, options);
    } catch (const DataError& error) {
      return error.location() + ": " + error.what();
    } catch (const ConfigError& error) {
      return error.source() + " " + error.what();
    }
    return "accepted";
  }
  std::filesystem::path root_;
};

inline bool lacks(const evaluate::Run& run, const std::string& field) {
  const auto& list = run.record.not_found;
  return std::find(list.begin(), list.end(), field) != list.end();
}

inline std::string frame(const std::string& record) {
  auto raw = [](auto value) {
    std::string bytes(sizeof value, '\0');
    std::memcpy(bytes.data(), &value, sizeof value);
    return bytes;
  };
  std::string length = raw(static_cast<uint64_t>(record.size()));
  return length + raw(masked_crc32c(length)) + record + raw(masked_crc32c(record));
}

// One scalar in simple_value.
inline std::string scalar_record(float value = 0.25f, double wall = 100, char step = 5,
                                 const std::string& tag = "val/loss") {
  std::string bytes(9, '\x09'), number(5, '\x15');
  std::memcpy(bytes.data() + 1, &wall, 8);
  std::memcpy(number.data() + 1, &value, 4);
  std::string one = "\x0a" + std::string(1, static_cast<char>(tag.size())) + tag + number;
  std::string summary = "\x0a" + std::string(1, static_cast<char>(one.size())) + one;
  return bytes + "\x10" + std::string(1, step) + "\x2a" + std::string(1, static_cast<char>(summary.size())) + summary;
}

}  // namespace hasten::evaluate
