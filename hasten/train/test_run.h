// Helpers of the training tests: a small recipe on synthetic data, and the state of a run as text.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "hasten/base/hash.h"
#include "hasten/base/json.h"
#include "hasten/core/registry.h"
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

// Hashes of everything that a resumed run needs, by name; clocks left out.
class StateHashes final : public StateVisitor {
 public:
  bool loading() const override { return false; }
  std::map<std::string, std::string> values;

 private:
  void on_tensor(const std::string& name, at::Tensor& value) override {
    if (!value.defined()) return;
    at::Tensor host = value.detach().cpu().contiguous();
    values[name] = hex(hash64({static_cast<const char*>(host.const_data_ptr()), host.nbytes()}));
  }
  void on_integer(const std::string& name, int64_t& value) override {
    if (name.rfind("cost/", 0) != 0 && name.find("_ns") == std::string::npos) values[name] = std::to_string(value);
  }
  void on_number(const std::string& name, double& value) override {
    if (name.rfind("cost/", 0) != 0) values[name] = Json(value).dump();
  }
  void on_text(const std::string& name, std::string& value) override { values[name] = value; }
  void on_integers(const std::string& name, std::vector<int64_t>& value) override { values[name] = Json(value).dump(); }
};

inline std::map<std::string, std::string> hashes_of(Trainer& trainer) {
  StateHashes visitor;
  trainer.enumerate_state(visitor);
  return visitor.values;
}

}  // namespace hasten::testing
