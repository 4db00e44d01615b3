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

// How a run ended.
struct RunEnd {
  enum Kind { kFinished, kInterrupted, kFailed };
  RunEnd(Kind how) : kind(how), exit_code(how == kFailed ? 1 : 0) {}
  static RunEnd failed(int exit_code) {
    RunEnd end(kFailed);
    end.exit_code = exit_code;
    return end;
  }
  bool operator==(Kind other) const { return kind == other; }

  Kind kind;
  int exit_code;  // of one that failed; 128 and the signal's number if that ended it; else 0
};
using RunLauncher = std::function<RunEnd(const RunRequest&)>;

// Trains here. `stop` and `listener` may be nullptr.
RunLauncher run_in_process(const Registry& registry, const std::atomic<bool>* stop, TrainListener* listener);

// Starts `executable train RECIPE ...` for every run, so that no run profits from what an earlier one warmed up, and a
// crash ends one run only. The child inherits stderr; `arguments` are added to its command line. When `stop` is set the child
// is asked to save and end, and none is started; a child whose parent dies is killed. May be called by several threads.
RunLauncher run_in_child(std::filesystem::path executable, std::vector<std::string> arguments,
                         const std::atomic<bool>* stop);

// Throws ConfigError for no seed, or one twice: the same seed twice is the same run, not a replicate.
void check_seeds(const std::vector<uint64_t>& seeds);

// What a study exits with whose runs failed with these codes (0: none): the code that they share, else 3 (damaged data) before 2
// (a wrong recipe) before 1.
int joint_exit_code(int a, int b);

// Whether the directory holds a run that came to its end.
bool is_finished_run(const std::filesystem::path& directory);

// Carries out runs in their order, `jobs` at a time (more than one only if `launch` allows it). `ended` is told of each, by one
// thread at a time. After an interruption no further one is started, nor after an exception of `launch` or `ended`, which is
// thrown when the others have ended. Returns the ends; kInterrupted for what was not started.
std::vector<RunEnd> run_all(const std::vector<RunRequest>& runs, const RunLauncher& launch, int64_t jobs,
                            const std::function<void(size_t index, RunEnd end)>& ended);

}  // namespace hasten
