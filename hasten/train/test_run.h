// Helpers of the training tests: a small recipe on synthetic data, and the state of a run as text.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "hasten/base/json.h"
#include "hasten/core/registry.h"
#include "hasten/core/state_hashes.h"
#include "hasten/train/trainer.h"

namespace hasten::testing {

// A directory of this test that goes away with the object.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    static int count = 0;
    path_ =
        std::filesystem::temp_directory_path() / ("hasten_" + std::to_string(getpid()) + "_" + std::to_string(count++));
    std::filesystem::create_directories(path_);
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline Json small_recipe() {
  return {{"workload", {{"dataset", "synthetic"}, {"metric", "test/accuracy"}}},
          {"model", {{"family", "convnet"}, {"widths", {8, 8}}, {"norm", true}, {"dropout", 0.1}}},
          {"optimizer", {{"name", "sgd"}, {"lr", 0.05}, {"nesterov", true}}},
          {"schedule", {{"lr", "linear"}}},
          {"data", {{"samples", 320}, {"test_samples", 100}, {"flip", "random"}, {"translate", 1}}},
          {"batch", {{"size", 32}}},
          {"evaluation", {{"every", "4step"}}},
          {"checkpoint", {{"every", "5step"}}},
          {"budget", {{"train", "20step"}}}};
}

inline std::map<std::string, std::string> hashes_of(Trainer& trainer) {
  StateHashes visitor;
  trainer.enumerate_state(visitor);
  return visitor.values();
}

}  // namespace hasten::testing
