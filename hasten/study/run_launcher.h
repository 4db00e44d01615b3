// How a study carries out one run: in this process, or in a process of its own.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "hasten/core/registry.h"
#include "hasten/train/trainer.h"

namespace hasten {

// One run of a study. `out` is its directory.
struct RunRequest {
  Recipe recipe;
  uint64_t seed = 0;
  std::filesystem::path out;
  std::string group;
  evaluate::Role role = evaluate::Role::kUnknown;
  int64_t planned_runs = 1;
  bool resume = false;
};

enum class RunEnd { kFinished, kInterrupted, kFailed };
using RunLauncher = std::function<RunEnd(const RunRequest&)>;

// Trains here. `stop` and `listener` may be nullptr.
RunLauncher run_in_process(const Registry& registry, const std::atomic<bool>* stop, TrainListener* listener);

// Starts `executable train RECIPE ...` for every run, so that no run profits from what an earlier one warmed up, and a
// crash ends one run only. The child inherits stderr; `arguments` are added to its command line.
RunLauncher run_in_child(std::filesystem::path executable, std::vector<std::string> arguments);

}  // namespace hasten
