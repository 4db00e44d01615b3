// A comparison of groups of runs on one workload: baseline against methods, at equal quality and at equal cost.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "hasten/evaluate/curve.h"
#include "hasten/evaluate/finding.h"
#include "hasten/evaluate/record.h"
#include "hasten/evaluate/time_to_target.h"
#include "hasten/stats/tests.h"

namespace hasten::evaluate {

struct CompareOptions {
  std::string baseline;            // a group; empty: the one with role baseline, or named so
  std::string metric;              // "test/accuracy"; empty: as recorded
  std::optional<double> target;    // empty: as recorded, else the baseline's own quality
  std::vector<double> targets;     // further ones to read the speedup at
  bool equal_budgets = false;      // quality at one budget counts, as in ablations: no target is asked for
  std::optional<Cost> cost;  // empty: the first of train_s, total_s, tokens, samples, steps, flops that all record
  Variant variant = Variant::kAuto;
  int64_t sustained = 3;  // evaluations in a row
  double confidence = 0.95;
  double alpha = 0.05;  // for "the mean passes the target"
  double margin = 0.02;  // speedups within [1/(1+margin), 1+margin] count as no difference
  int64_t resamples = 2000;
  uint64_t seed = 20230101;
};

struct Spread {
  std::vector<double> values;  // in the order of the point's runs
  double mean = 0;
  std::optional<double> sd;  // needs two values
};

// One recipe at one budget. Runs that differ only in their seed; of a search over settings, the best trial of each
// search represents it.
struct Point {
  std::string budget;
  PointKind kind = PointKind::kStandard;
  std::vector<size_t> runs;  // with a quality; indices into Comparison::runs
  std::vector<size_t> failed;  // diverged, lost, or never evaluated
  std::optional<Spread> quality;
  std::map<Cost, Spread> costs;  // only costs that every run here records
  std::optional<double> tuning_cost;  // of the search behind these settings, in Comparison::cost
  bool tuning_has_runs = false;       // it is the sum of trials that are here, these runs among them
  std::vector<double> expected_best;  // quality after 1, 2, ... trials of that search
  std::optional<TargetCheck> target;  // by Comparison::variant
};

// A run's budget as Point::budget says it: the recipe's words, else the planned length in a unit that is known. Records
// of other programs have no words, so planned.text alone tells no budgets apart.
std::string budget_name(const RunRecord& record);

// The costs to target of the runs of one point, by one variant.
struct TargetTime {
  std::vector<double> low, high;  // one a run (kCommon: the means at one step); empty when there is no such time
  size_t point = 0;  // of Group::points
  int64_t reached = 0;  // runs that get there on their own
  bool has_costs = true;  // false: it is the costs that are not known
  std::string missing;  // why there is none
};

// A standard budget beside the group's cyclic ones.
struct Anchor {
  std::string budget;
  double cost = 0, offset = 0;  // offset: the cyclic curve's quality minus this point's; above 0 it looks too good
};

struct Group {
  std::string name;
  Role role = Role::kUnknown;
  std::vector<size_t> runs;  // all of them
  std::vector<Point> points;  // by budget, shortest first
  size_t headline = 0;  // the point that reaches the target at least cost by the variant, else the last
  bool reaches_target = false;  // by the variant
  std::map<Variant, TargetTime> times;  // all four; empty without a target
  std::vector<Anchor> anchors;  // where the group has cyclic points beside standard ones
};

struct SpeedupPoint {
  double quality = 0;
  std::optional<double> speedup, low, high;  // null outside the measured range, or without seeds to resample
  double missed_share = 0;  // resamples in which a side did not reach this quality
};

struct GainPoint {
  double cost = 0;
  std::optional<double> gain, low, high;  // positive: better than the baseline; null like a speedup's
};

// Baseline over method in one variant of time to target.
struct TimeRatio {
  stats::Ratio ratio;
  std::optional<double> bound_low, bound_high;  // from the spacing of the evaluations
};

enum class Verdict { kHelps, kHurts, kNoDifference, kUnresolved };
std::string_view name(Verdict verdict);  // helps, hurts, no difference, unresolved

// A method against the baseline.
struct Pair {
  size_t method = 0;  // index of its group
  std::map<Cost, stats::Ratio> ratios;  // baseline over method at their headline points; costs both record
  std::optional<stats::Ratio> time_to_target;  // in Comparison::cost and ::variant
  std::optional<double> bound_low, bound_high;  // of that ratio, from the spacing of the evaluations
  std::optional<stats::TTest> quality;  // method minus baseline at their headline points
  bool over_hosts = false;  // the intervals of costs are over hosts with several runs each, not over runs
  std::optional<double> detectable;  // smallest relative difference that these runs can show
  std::vector<SpeedupPoint> speedups;  // over the range both sides measured, and at the targets asked for
  std::vector<GainPoint> gains;
  std::vector<SpeedupPoint> cyclic_speedups;  // cyclic curve against cyclic curve
  std::map<Variant, TimeRatio> times;  // those that both sides have
  std::optional<double> with_tuning;  // the ratio of mean costs with each side's search charged
  Verdict verdict = Verdict::kUnresolved;
  std::string reason;  // a sentence
};

struct Comparison {
  CompareOptions options;
  std::vector<Run> runs;
  std::string workload;
  Metric metric;
  std::optional<double> target;
  bool target_from_baseline = false;  // nobody declared one
  Cost cost = Cost::kTrainSeconds;
  Variant variant = Variant::kPlanned;  // never kAuto
  std::vector<Group> groups;  // the baseline first
  // Standard and cyclic points never meet in a number. Headlines, curves, frontier and ratios are of the standard ones,
  // or of the cyclic ones where the baseline has no others.
  PointKind kind = PointKind::kStandard;
  std::vector<Curve> curves;  // one per group, in `cost`
  std::vector<FrontierPoint> frontier;  // over all curves
  std::vector<Curve> cyclic_curves;  // one per group, where cyclic points stand beside standard ones; else none
  std::vector<FrontierPoint> cyclic_frontier;
  std::vector<Pair> pairs;
  std::vector<LintResult> lints;

  const Group& baseline() const { return groups.front(); }
};

// Throws ConfigError when the runs cannot be compared: no baseline, no common metric, runs of several workloads.
Comparison compare(std::vector<Run> runs, const CompareOptions& options = {});

// One comparison per workload, by name. Of several, run_board_lints() says what is about all of them.
std::vector<Comparison> compare_workloads(std::vector<Run> runs, const CompareOptions& options = {});

}  // namespace hasten::evaluate
