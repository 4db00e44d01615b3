// Time to target by variant, and the speedup curve with seeds resampled at every point.
#include "hasten/evaluate/speedup.h"

#include <algorithm>
#include <cmath>

#include "hasten/stats/bootstrap.h"
#include "hasten/stats/moments.h"

namespace hasten::evaluate {
namespace {

constexpr size_t kGrid = 33;

std::vector<EnvelopePoint> resampled_envelope(const Curve& curve, const stats::Draw& draw, size_t first) {
  std::vector<EnvelopePoint> points;
  for (size_t p = 0; p < curve.points.size(); ++p) {
    EnvelopePoint mean;
    const std::vector<uint32_t>& chosen = draw[first + p];
    for (uint32_t seed : chosen) {
      mean.cost += curve.points[p].seeds[seed].cost;
      mean.quality += curve.points[p].seeds[seed].quality;
    }
    mean.cost /= static_cast<double>(chosen.size());
    mean.quality /= static_cast<double>(chosen.size());
    points.push_back(mean);
  }
  return envelope(std::move(points), curve.direction);
}

// Whether an interval means anything: every point on both sides needs seeds to resample.
bool has_seeds(const Curve& curve) {
  return std::all_of(curve.points.begin(), curve.points.end(), [](const CurvePoint& p) { return p.seeds.size() > 1; });
}

// The qualities both envelopes cover, evenly spaced, and the targets asked for.
std::vector<double> qualities_to_read(const Comparison& comparison, const Curve& base, const Curve& method) {
  std::vector<EnvelopePoint> left = envelope(base), right = envelope(method);
  std::vector<double> wanted = comparison.options.targets;
  if (comparison.target) wanted.push_back(*comparison.target);
  if (!left.empty() && !right.empty()) {
    bool up = comparison.metric.direction == Direction::kMaximize;
    double low = up ? std::max(left.front().quality, right.front().quality)
                    : std::min(left.front().quality, right.front().quality);
    double high =
        up ? std::min(left.back().quality, right.back().quality) : std::max(left.back().quality, right.back().quality);
    if (advantage(high, low, comparison.metric.direction) > 0) {
      for (size_t i = 0; i < kGrid; ++i) {
        wanted.push_back(low + (high - low) * static_cast<double>(i) / static_cast<double>(kGrid - 1));
      }
    }
  }
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  return wanted;
}

// What every resample of the seeds reads from its own two curves.
struct Resampled {
  std::vector<std::vector<double>>
      log_speedups;  // by quality; +inf where the method misses, -inf where the baseline does
  std::vector<std::vector<double>> gains;         // by cost
};

double log_speedup(const std::vector<EnvelopePoint>& left, const std::vector<EnvelopePoint>& right, double quality,
                   Direction direction) {
  // Below a resample's first point the target is reached, at an unknown lower cost: that point's cost bounds it.
  auto cost = [&](const std::vector<EnvelopePoint>& upper) {
    if (upper.empty()) return HUGE_VAL;
    if (reaches(upper.front().quality, quality, direction)) return upper.front().cost;
    return read_cost(upper, quality, direction).value_or(HUGE_VAL);
  };
  double base_cost = cost(left), method_cost = cost(right);
  if (std::isinf(base_cost) && std::isinf(method_cost)) return std::numeric_limits<double>::quiet_NaN();
  return std::log(base_cost) - std::log(method_cost);
}

Resampled resampled_readings(const Comparison& comparison, const Curve& base, const Curve& method,
                             const std::vector<double>& qualities, const std::vector<double>& costs) {
  std::vector<size_t> sizes;
  for (const Curve* curve : {&base, &method}) {
    for (const CurvePoint& point : curve->points) sizes.push_back(point.seeds.size());
  }
  Resampled result{std::vector<std::vector<double>>(qualities.size()), std::vector<std::vector<double>>(costs.size())};
  stats::Draw draw;
  for (int64_t b = 0; b < comparison.options.resamples; ++b) {
    stats::resample(sizes, comparison.options.seed, static_cast<uint64_t>(b), draw);
    auto left = resampled_envelope(base, draw, 0), right = resampled_envelope(method, draw, base.points.size());
    for (size_t q = 0; q < qualities.size(); ++q)
      result.log_speedups[q].push_back(log_speedup(left, right, qualities[q], base.direction));
    // A resample's ends lie a little beside the measured ones; there its end points count.
    for (size_t c = 0; c < costs.size(); ++c) {
      auto at = [&](const std::vector<EnvelopePoint>& upper) {
        return read_quality(upper, std::max(costs[c], upper.front().cost));
      };
      if (!left.empty() && !right.empty()) result.gains[c].push_back(advantage(at(right), at(left), base.direction));
    }
  }
  return result;
}

}  // namespace

TargetCosts target_costs(const Comparison& comparison, const Group& group) {
  TargetCosts costs;
  const Point& point = group.points[group.headline];
  double target = comparison.target.value();
  if (comparison.variant == Variant::kPlanned) {
    auto spent = point.costs.find(comparison.cost);
    if (group.reaches_target && spent != point.costs.end()) costs.low = costs.high = spent->second.values;
    return costs;
  }
  if (comparison.variant == Variant::kCommon) {
    std::vector<const Run*> members;
    for (size_t i : point.runs) members.push_back(&comparison.runs[i]);
    auto step = common_step(members, comparison.metric, target, comparison.cost, comparison.options.alpha);
    if (step) costs = {{step->low}, {step->high}};
    return costs;
  }
  int64_t length = comparison.variant == Variant::kSustained ? comparison.options.sustained : 1;
  for (size_t i : point.runs) {
    auto crossing = sustained_crossing(comparison.runs[i], comparison.metric, target, comparison.cost, length);
    if (!crossing) return {};  // a miss is no number; dropping it would flatter the group
    costs.low.push_back(crossing->low);
    costs.high.push_back(crossing->high);
  }
  return point.failed.empty() ? costs : TargetCosts{};
}

void fill_time_to_target(const Comparison& comparison, Pair& pair) {
  TargetCosts base = target_costs(comparison, comparison.groups.front());
  TargetCosts method = target_costs(comparison, comparison.groups[pair.method]);
  if (base.high.empty() || method.high.empty()) return;
  pair.time_to_target = stats::ratio_of_costs(base.high, method.high, comparison.options.confidence);
  double base_low = stats::moments(base.low).mean, method_low = stats::moments(method.low).mean;
  pair.bound_low = base_low / stats::moments(method.high).mean;
  if (method_low > 0) pair.bound_high = stats::moments(base.high).mean / method_low;
}

void fill_curves(const Comparison& comparison, Pair& pair) {
  const Curve &base = comparison.curves.front(), &method = comparison.curves[pair.method];
  std::vector<double> qualities = qualities_to_read(comparison, base, method), costs;
  for (const Curve* curve : {&base, &method}) {
    for (const CurvePoint& point : curve->points) costs.push_back(point.cost());
  }
  std::sort(costs.begin(), costs.end());
  costs.erase(std::unique(costs.begin(), costs.end()), costs.end());
  Resampled resampled;
  bool has_intervals = has_seeds(base) && has_seeds(method) && !base.points.empty() && !method.points.empty();
  if (has_intervals) resampled = resampled_readings(comparison, base, method, qualities, costs);
  for (size_t q = 0; q < qualities.size(); ++q) {
    SpeedupPoint at;
    at.quality = qualities[q];
    at.speedup = speedup_at(base, method, qualities[q]);
    if (has_intervals && at.speedup) {
      const std::vector<double>& logs = resampled.log_speedups[q];
      stats::Interval interval = stats::percentile_interval(logs, std::log(*at.speedup), comparison.options.confidence);
      if (std::isfinite(interval.low)) at.low = std::exp(interval.low);
      if (std::isfinite(interval.high)) at.high = std::exp(interval.high);
      auto missed = std::count_if(logs.begin(), logs.end(), [](double x) { return !std::isfinite(x); });
      at.missed_share = static_cast<double>(missed) / static_cast<double>(logs.size());
    }
    pair.speedups.push_back(at);
  }
  for (size_t c = 0; c < costs.size(); ++c) {
    GainPoint at;
    at.cost = costs[c];
    auto left = read_quality(base, costs[c]), right = read_quality(method, costs[c]);
    if (left && right) at.gain = advantage(*right, *left, comparison.metric.direction);
    if (has_intervals && at.gain) {
      stats::Interval interval =
          stats::percentile_interval(resampled.gains[c], *at.gain, comparison.options.confidence);
      at.low = interval.low;
      at.high = interval.high;
    }
    pair.gains.push_back(at);
  }
}

}  // namespace hasten::evaluate
