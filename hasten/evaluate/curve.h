// Tradeoff curves: mean quality against mean cost over budgets, and what may be read from them.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hasten/evaluate/cost.h"
#include "hasten/evaluate/record.h"

namespace hasten::evaluate {

struct SeedPoint {
  double cost = 0, quality = 0;
  size_t run = 0;  // index into the comparison's runs
};

// One recipe at one budget: runs that differ only by their seed.
struct CurvePoint {
  std::string budget;
  PointKind kind = PointKind::kStandard;
  std::vector<SeedPoint> seeds;

  double cost() const;     // mean
  double quality() const;  // mean
};

struct Curve {
  std::string group;
  Cost cost = Cost::kTrainSeconds;
  Direction direction = Direction::kMaximize;
  std::vector<CurvePoint> points;  // by mean cost
};

struct EnvelopePoint {
  double cost = 0, quality = 0;
};

// The points that nothing cheaper or equal beats: quality rises strictly along them. Order of the input is free.
std::vector<EnvelopePoint> envelope(std::vector<EnvelopePoint> points, Direction direction);
std::vector<EnvelopePoint> envelope(const Curve& curve);

// The least cost that reaches `quality`: on the envelope, linear in quality against log cost between neighbours.
// nullopt outside the measured range: nothing is extrapolated.
std::optional<double> read_cost(std::span<const EnvelopePoint> envelope, double quality, Direction direction);

// The best quality known to be reached at `cost`, by the same interpolation; nullopt outside the measured range.
// The last measured budget's cost is the end of the range even when a cheaper one is as good.
std::optional<double> read_quality(const Curve& curve, double cost);
// The same on an envelope that is not empty, for costs from its first on.
double read_quality(std::span<const EnvelopePoint> envelope, double cost);

// Iso-quality speedup: the baseline's cost to reach q over the method's.
std::optional<double> speedup_at(const Curve& base, const Curve& method, double quality);

// Points of all curves that no other point beats in cost and quality; indices (curve, point).
struct FrontierPoint {
  size_t curve = 0, point = 0;
};
std::vector<FrontierPoint> pareto_frontier(std::span<const Curve> curves);

}  // namespace hasten::evaluate
