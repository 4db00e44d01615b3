// Ablation: what each method adds to a baseline, or what a recipe loses without each of its methods, at equal budget.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "hasten/base/json_fwd.h"
#include "hasten/evaluate/verdicts.h"
#include "hasten/study/run_launcher.h"

namespace hasten {

struct AblateOptions {
  std::filesystem::path recipe;
  std::vector<std::string> set;
  std::vector<std::string> add;  // as --with takes them; "all": every method that the recipe can have
  bool leave_out = false;  // the recipe without each of its methods
  bool pairs = false;  // any two of the methods together too
  Duration budget{1, Unit::kFraction};  // of each run; a fraction is one of the recipe's own budget
  std::vector<uint64_t> seeds{0, 1, 2};
  // See evaluate::AblationOptions; left out, what counts as a difference is a fifth of a point of accuracy, half a hundredth of a loss.
  std::optional<double> margin;
  int64_t jobs = 1, threads = 1;
  std::filesystem::path out;
  bool resume = false;
  std::string command;
};

struct PlannedArm {
  evaluate::Arm arm;
  Recipe recipe;
};

struct AblatePlan {
  AblateOptions options;
  Recipe baseline;  // with the budget
  std::string title;  // the recipe's name
  std::vector<PlannedArm> arms;
  std::vector<evaluate::MethodLeftAside> not_applicable;  // of "all", and pairs that exclude each other
  // All runs, by seed; arms in turns, so that none always goes first, the baseline several times among them.
  std::vector<RunRequest> runs() const;
  std::vector<evaluate::Arm> compared() const;
  evaluate::AblationOptions judging() const;
  Json definition() const;
};

// Throws ConfigError for a method that was named and does not apply, and where nothing is left to compare.
AblatePlan plan_ablate(const AblateOptions& options, const Registry& registry);

struct AblateResult {
  std::vector<std::filesystem::path> runs;  // that came to an end, in order
  int64_t failed = 0;
  bool interrupted = false;
};

// Runs in plan.options.out, or goes on there. `ended` is told of each run, with how many of all have ended.
AblateResult run_ablate(const AblatePlan& plan, const RunLauncher& launch,
                        const std::function<void(const RunRequest&, RunEnd, size_t ended, size_t count)>& ended);

}  // namespace hasten
