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
  std::optional<TargetCheck> target;
};

struct Group {
  std::string name;
  Role role = Role::kUnknown;
  std::vector<size_t> runs;  // all of them
  std::vector<Point> points;  // by budget, shortest first
  size_t headline = 0;  // the cheapest point whose mean reaches the target, else the last
  bool reaches_target = false;
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

enum class Verdict { kHelps, kHurts, kNoDifference, kUnresolved };
std::string_view name(Verdict verdict);  // helps, hurts, no difference, unresolved

// A method against the baseline.
struct Pair {
  size_t method = 0;  // index of its group
  std::map<Cost, stats::Ratio> ratios;  // baseline over method at their headline points; costs both record
  std::optional<stats::Ratio> time_to_target;  // in Comparison::cost and ::variant
  std::optional<double> bound_low, bound_high;  // of that ratio, from the spacing of the evaluations
  std::optional<stats::TTest> quality;  // method minus baseline at their headline points
  std::optional<double> detectable;  // smallest relative difference that these runs can show
  std::vector<SpeedupPoint> speedups;  // over the range both sides measured, and at the targets asked for
  std::vector<GainPoint> gains;
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
  std::vector<Curve> curves;  // one per group, in `cost`
  std::vector<FrontierPoint> frontier;  // over all curves
  std::vector<Pair> pairs;
  std::vector<LintResult> lints;

  const Group& baseline() const { return groups.front(); }
};

// Throws ConfigError when the runs cannot be compared: no baseline, no common metric, runs of several workloads.
Comparison compare(std::vector<Run> runs, const CompareOptions& options = {});

// One comparison per workload, by name.
std::vector<Comparison> compare_workloads(std::vector<Run> runs, const CompareOptions& options = {});

}  // namespace hasten::evaluate
