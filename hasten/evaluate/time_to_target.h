// Time to target, in the four variants that are not the same number: a value always names its variant, and is an
// interval where evaluations are sparse.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "hasten/evaluate/cost.h"
#include "hasten/evaluate/record.h"

namespace hasten::evaluate {

enum class Variant {
  kAuto,       // as the records say; else first crossing when runs were stopped at their target, else planned length
  kFirst,      // first crossing of one run (DAWNBench, MLPerf, AlgoPerf); lowered by noise and by many evaluations
  kPlanned,    // the mean over seeds at the planned end passes the target with p < alpha (modded-nanogpt, track 1)
  kCommon,     // the earliest step, the same for all seeds, where the seed mean passes significantly (track 3)
  kSustained,  // the first of k crossings in a row, or of all evaluations that are left
};
std::string_view name(Variant variant);  // auto, first, planned, common, sustained
Variant parse_variant(std::string_view text, std::string_view where);

// The cost lies in (low, high]: `high` is the evaluation that reached the target, `low` the one before, or 0. Where one of
// them does not say its cost, the next one beyond it does.
struct Crossing {
  double low = 0, high = 0;
  size_t event = 0;
};

// nullopt when the run never reaches the target. Throws nothing: an evaluation without this cost is skipped, which
// only widens the interval.
std::optional<Crossing> first_crossing(const Run& run, const Metric& metric, double target, Cost cost);
std::optional<Crossing> sustained_crossing(const Run& run, const Metric& metric, double target, Cost cost, int64_t k);

// The target as the mean of several runs sees it.
struct TargetCheck {
  int64_t n = 0, reached = 0;  // runs, and how many reach it alone
  bool mean_reaches = false;
  std::optional<double> p;  // one-sided: chance of such a mean if the true one were just at the target
};
TargetCheck check_target(std::span<const double> qualities, double target, Direction direction);

// Variant kCommon over the runs of one point: steps at which every run was evaluated, first one with p < alpha and
// a mean that reaches the target; the cost is the mean over runs. nullopt if there is none.
struct CommonStep {
  int64_t step = 0;
  double low = 0, high = 0;  // mean costs at the common step before, and at this one
  double p = 1;
};
std::optional<CommonStep> common_step(std::span<const Run* const> runs, const Metric& metric, double target, Cost cost,
                                      double alpha);

}  // namespace hasten::evaluate
