// What methods add to a baseline, or take from a recipe by their absence, at equal budget; and whether gains add up.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hasten/evaluate/comparison.h"

namespace hasten::evaluate {

constexpr double kConfidence = 0.95;  // of an interval, over all looks at it

enum class Change { kAdded, kLeftOut };

// One group of runs: the baseline with these methods, or without them.
struct Arm {
  std::string group;
  Change change = Change::kAdded;
  std::vector<std::string> methods;   // names; two for a pair
  std::vector<std::string> settings;  // of each, as --with takes them: "cutout(length=0.3)"
  // Compared with this group in the place of the baseline: a control, as --with takes it. Empty: with the baseline.
  std::string control_group = {}, control = {};
};

struct AblationOptions {
  double margin = 0;  // differences of quality in [-margin, margin] count as none
  double confidence = kConfidence;  // at this look
  bool budget_is_cost = true;  // seconds, FLOPs, joules: cost is equal by design; else it is judged beside quality
};

// An arm against the baseline or its control. Quality is positive where the method (or, left out, the recipe with it) is better.
struct Effect {
  Arm arm;
  int64_t runs = 0, diverged = 0, failed = 0;  // with a result; without one: diverged, and for other reasons
  int64_t against_runs = 0;  // of the baseline or the control, with a result
  bool survivors = false;  // runs of a side have no result, so what is left is no fair sample
  std::optional<stats::TTest> quality;  // of the presence of the methods, in units of the metric
  std::optional<double> detectable;  // smallest true difference that so many runs find about 9 times in 10
  std::optional<double> adjusted_p;  // Holm's, over all effects of full samples
  std::map<Cost, stats::Ratio> ratios;  // cost without the methods over cost with them
  Verdict verdict = Verdict::kUnresolved;
  std::string reason;
};

enum class Sum { kAddsUp, kLess, kMore, kUnresolved };
std::string_view name(Sum sum);  // adds up, less than the sum, more than the sum, unresolved

// Two methods together against each alone: the sum of their effects is taken from the effect of both.
struct Interaction {
  Arm arm;
  std::optional<stats::TTest> beyond_sum;
  std::optional<double> adjusted_p;  // Holm's, over all interactions
  Sum sum = Sum::kUnresolved;
};

struct Ablation {
  AblationOptions options;
  std::vector<Effect> effects;  // of single methods, then of pairs, as the arms came
  std::vector<Interaction> interactions;
  size_t baseline_runs = 0;
  std::optional<Spread> baseline_quality;
  double deviation =
      0;  // of runs that differ in their seed alone, over the groups that vary alike; NaN where none has two
};

// Runs that differ in their seed alone are taken to vary alike in all groups, in quality and in the log of cost, as in an analysis of
// variance, so that few runs of a method gain by those of the others; a group that varies more (F test of the worst of all groups, at 5%) stays out of what they
// share and is compared by its own spread (Welch). Runs that diverged decide by Fisher's exact test alone.
// The comparison's groups are the baseline and the arms; an arm without a group has no runs. Throws ConfigError for a margin below 0.
Ablation judge_ablation(const Comparison& comparison, const std::vector<Arm>& arms, const AblationOptions& options);

// Whether an open verdict would be decided by so many more runs of both sides, if the difference seen stayed as it is.
bool is_worth_more_runs(const Effect& effect, const AblationOptions& options, int64_t more, int64_t more_against);

}  // namespace hasten::evaluate
