// Ablation: what each method adds to a baseline, or what a recipe loses without each of its methods, at equal budget.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "hasten/base/json_fwd.h"
#include "hasten/evaluate/verdicts.h"
#include "hasten/study/run_launcher.h"

namespace hasten {

struct AblateOptions {
  std::filesystem::path recipe;
  std::vector<std::string> set;
  // As --with takes them; "all": every method that the recipe can have. "infobatch vs random_subset(keep=0.8)": compared with a control, too.
  std::vector<std::string> add;
  bool leave_out = false;  // the recipe without each of its methods
  bool pairs = false;  // any two of the methods together too
  Duration budget{1, Unit::kFraction};  // of each run; a fraction is one of the recipe's own budget
  std::vector<uint64_t> seeds{0, 1, 2};
  std::vector<uint64_t> further_seeds;  // of the sides that these would decide, and of the baseline
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
  std::string control_group = {}, control = {};  // what it is compared with beside the baseline, as in evaluate::Arm
  bool is_control = false;  // runs that another arm is compared with, and no side of their own
};

inline constexpr const char* kBaselineGroup = "baseline";

struct AblatePlan {
  AblateOptions options;
  Recipe baseline;  // with the budget
  std::string title;  // the recipe's name
  std::vector<PlannedArm> arms;
  std::vector<evaluate::MethodLeftAside> not_applicable;  // of "all", and pairs that exclude each other
  // All runs of the first look, by seed; arms in turns, so that none always goes first, the baseline several times among them.
  std::vector<RunRequest> runs() const;
  // Of the second look: with further seeds, of these groups.
  std::vector<RunRequest> further_runs(const std::set<std::string>& groups) const;
  std::vector<evaluate::Arm> compared() const;
  evaluate::AblationOptions judging() const;
  Json definition() const;
  Json looks() const;  // the seeds of the first and of the second
};

// Throws ConfigError for a method that was named and does not apply, and where nothing is left to compare.
AblatePlan plan_ablate(const AblateOptions& options, const Registry& registry);

struct AblateResult {
  std::vector<std::filesystem::path> runs;  // that came to an end, in order
  int64_t failed = 0;
  int exit_code = 0;  // of runs that failed: see joint_exit_code
  bool interrupted = false;
};

// Runs in plan.options.out, or goes on there. `ended` is told of each run, with how many of all have ended.
AblateResult run_ablate(const AblatePlan& plan, const RunLauncher& launch,
                        const std::function<void(const RunRequest&, RunEnd, size_t ended, size_t count)>& ended);

struct JudgedAblation {
  evaluate::Comparison comparison;
  evaluate::Ablation ablation;
  std::vector<evaluate::MethodLeftAside>
      not_applicable;  // of the plan, and methods whose runs were too short for them to act
};
// Of runs that came to an end; at least one of the baseline.
JudgedAblation judge_runs(const AblatePlan& plan, const std::vector<std::filesystem::path>& runs);

}  // namespace hasten
