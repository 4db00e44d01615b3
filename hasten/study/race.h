// A race: a baseline and other recipes, every seed and budget, interleaved, each run planned for its own budget.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "hasten/study/run_launcher.h"

namespace hasten {

struct RaceOptions {
  std::vector<Recipe> recipes;          // the first is the baseline
  std::vector<uint64_t> seeds{0, 1, 2};
  std::vector<double> budgets{1.0};     // factors on every recipe's own budget
  int64_t threads = 0;                  // of each run, as it was told; 0: all cores
  std::string device, price;            // of all runs
  std::filesystem::path out;
  bool resume = false;                  // finished runs are kept, others go on
  std::string command;                  // as it was typed, for messages
};

// All runs in the order in which they are done: by budget, by seed, and within a seed one recipe after the other (in
// turns, so that no recipe always goes first). Throws ConfigError: recipes of different workloads, equal names, no
// seed, or a budget that is not positive.
std::vector<RunRequest> plan_race(const RaceOptions& options);

struct RaceResult {
  std::vector<std::filesystem::path> runs;  // that finished, in order
  int64_t failed = 0;
  int exit_code = 0;                        // of those that failed: see joint_exit_code
  bool interrupted = false;
};

// Runs in options.out, which race.json then describes, or goes on there. Throws ConfigError when the directory holds something
// else: a race of other recipes or on another device, for example. `announce` is called before each run with its place (1-based)
// and the number of runs.
RaceResult run_race(const RaceOptions& options, const RunLauncher& launch,
                    const std::function<void(const RunRequest&, size_t place, size_t count)>& announce);

}  // namespace hasten
