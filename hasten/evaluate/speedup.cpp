// Time to target by variant, and the speedup curve with seeds resampled at every point.
#include "hasten/evaluate/speedup.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "hasten/base/text.h"
#include "hasten/stats/bootstrap.h"
#include "hasten/stats/moments.h"

namespace hasten::evaluate {
namespace {

constexpr size_t kGrid = 33;

// What is drawn together: lists of (point, seed) in strata. Without anything shared every point is a stratum, and its
// seeds are drawn one by one.
using Cluster = std::vector<std::pair<size_t, size_t>>;
using Strata = std::vector<std::vector<Cluster>>;

Strata strata_of(const Comparison& comparison, const Curve& curve) {
  // Points of one cyclic run share its history, runs of one host its speed: each such cluster is drawn as a whole.
  std::map<std::string, Cluster> clusters;
  size_t runs = 0;
  bool cyclic = false, on_hosts = true;
  for (size_t p = 0; p < curve.points.size(); ++p) {
    cyclic = cyclic || curve.points[p].kind == PointKind::kCyclic;
    for (size_t s = 0; s < curve.points[p].seeds.size(); ++s, ++runs) {
      const RunRecord& record = comparison.runs[curve.points[p].seeds[s].run].record;
      std::string run = record.seed ? std::to_string(*record.seed) : "";
      clusters[cyclic ? run : record.hardware.host_id].emplace_back(p, s);
      on_hosts = on_hosts && !record.hardware.host_id.empty();
    }
  }
  Strata strata;
  if (cyclic || (on_hosts && clusters.size() > 1 && clusters.size() < runs)) {
    for (auto& [key, cluster] : clusters) {
      if (strata.empty()) strata.emplace_back();
      strata.front().push_back(std::move(cluster));
    }
    return strata;
  }
  for (size_t p = 0; p < curve.points.size(); ++p) {
    strata.emplace_back();
    for (size_t s = 0; s < curve.points[p].seeds.size(); ++s) strata.back().emplace_back(1, std::pair(p, s));
  }
  return strata;
}

std::vector<EnvelopePoint> resampled_envelope(const Curve& curve, const Strata& strata, const stats::Draw& draw,
                                              size_t first) {
  std::vector<EnvelopePoint> sums(curve.points.size()), points;
  std::vector<size_t> counts(curve.points.size());
  for (size_t stratum = 0; stratum < strata.size(); ++stratum) {
    for (uint32_t chosen : draw[first + stratum]) {
      for (auto [p, seed] : strata[stratum][chosen]) {
        sums[p].cost += curve.points[p].seeds[seed].cost;
        sums[p].quality += curve.points[p].seeds[seed].quality;
        ++counts[p];
      }
    }
  }
  for (size_t p = 0; p < sums.size(); ++p) {
    auto n = static_cast<double>(counts[p]);
    if (counts[p] > 0) points.push_back({sums[p].cost / n, sums[p].quality / n});
  }
  return envelope(std::move(points), curve.direction);
}

// Whether an interval means anything: every stratum needs something to resample.
bool has_seeds(const Strata& strata) {
  return !strata.empty() &&
         std::all_of(strata.begin(), strata.end(), [](const auto& clusters) { return clusters.size() > 1; });
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
  // By quality; -inf where the method misses, +inf where the baseline does, NaN where both do.
  std::vector<std::vector<double>> log_speedups;
  std::vector<std::vector<double>> gains;  // by cost
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
                             const Strata& base_strata, const Strata& method_strata,
                             const std::vector<double>& qualities, const std::vector<double>& costs) {
  std::vector<size_t> sizes;
  for (const Strata* strata : {&base_strata, &method_strata}) {
    for (const auto& clusters : *strata) sizes.push_back(clusters.size());
  }
  Resampled result{std::vector<std::vector<double>>(qualities.size()), std::vector<std::vector<double>>(costs.size())};
  stats::Draw draw;
  for (int64_t b = 0; b < comparison.options.resamples; ++b) {
    stats::resample(sizes, comparison.options.seed, static_cast<uint64_t>(b), draw);
    auto left = resampled_envelope(base, base_strata, draw, 0);
    auto right = resampled_envelope(method, method_strata, draw, base_strata.size());
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

// A resample in which both sides miss says nothing of their ratio, which may be anything: it counts at both ends.
stats::Interval log_interval(const std::vector<double>& logs, double point, double confidence) {
  auto with = [&](double unknown) {
    std::vector<double> all = logs;
    std::replace_if(all.begin(), all.end(), [](double x) { return std::isnan(x); }, unknown);
    return stats::percentile_interval(std::move(all), point, confidence);
  };
  stats::Interval interval = with(-HUGE_VAL);
  interval.high = with(HUGE_VAL).high;
  return interval;
}

void read_curves(const Comparison& comparison, const Curve& base, const Curve& method,
                 std::vector<SpeedupPoint>& speedups, std::vector<GainPoint>& gains) {
  std::vector<double> qualities = qualities_to_read(comparison, base, method), costs;
  for (const Curve* curve : {&base, &method}) {
    for (const CurvePoint& point : curve->points) costs.push_back(point.cost());
  }
  std::sort(costs.begin(), costs.end());
  costs.erase(std::unique(costs.begin(), costs.end()), costs.end());
  Strata base_strata = strata_of(comparison, base), method_strata = strata_of(comparison, method);
  Resampled resampled;
  bool has_intervals = has_seeds(base_strata) && has_seeds(method_strata);
  if (has_intervals)
    resampled = resampled_readings(comparison, base, method, base_strata, method_strata, qualities, costs);
  for (size_t q = 0; q < qualities.size(); ++q) {
    SpeedupPoint at;
    at.quality = qualities[q];
    at.speedup = speedup_at(base, method, qualities[q]);
    if (has_intervals && at.speedup) {
      const std::vector<double>& logs = resampled.log_speedups[q];
      stats::Interval interval = log_interval(logs, std::log(*at.speedup), comparison.options.confidence);
      if (std::isfinite(interval.low)) at.low = std::exp(interval.low);
      if (std::isfinite(interval.high)) at.high = std::exp(interval.high);
      auto missed = std::count_if(logs.begin(), logs.end(), [](double x) { return !std::isfinite(x); });
      at.missed_share = static_cast<double>(missed) / static_cast<double>(logs.size());
    }
    speedups.push_back(at);
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
    gains.push_back(at);
  }
}

bool says_cost(const Run& run, Cost cost) {
  return std::any_of(run.events.begin(), run.events.end(),
                     [&](const EventRecord& event) { return event_cost(run, event, cost).has_value(); });
}

TargetTime planned_time(const Comparison& comparison, const Point& point) {
  TargetTime time;
  TargetCheck check = check_target(point.quality->values, *comparison.target, comparison.metric.direction);
  auto spent = point.costs.find(comparison.cost);
  time.reached = check.reached;
  time.has_costs = spent != point.costs.end();
  if (!check.mean_reaches) time.missing = "the mean misses the target";
  else if (time.has_costs) time.low = time.high = spent->second.values;
  return time;
}

TargetTime common_time(const Comparison& comparison, const Point& point) {
  TargetTime time;
  std::vector<const Run*> members;
  for (size_t i : point.runs) {
    members.push_back(&comparison.runs[i]);
    time.has_costs = time.has_costs && says_cost(comparison.runs[i], comparison.cost);
    time.reached += first_crossing(comparison.runs[i], comparison.metric, *comparison.target, comparison.cost) ? 1 : 0;
  }
  auto step = common_step(members, comparison.metric, *comparison.target, comparison.cost, comparison.options.alpha);
  if (step) {
    time.low = {step->low};
    time.high = {step->high};
  } else {
    time.missing = members.size() < 2 ? "one run has no common step"
                                      : "at no common step is the mean significantly past the target";
  }
  return time;
}

TargetTime crossing_time(const Comparison& comparison, const Point& point, int64_t length) {
  TargetTime time;
  for (size_t i : point.runs) {
    const Run& run = comparison.runs[i];
    time.has_costs = time.has_costs && says_cost(run, comparison.cost);
    auto crossing = sustained_crossing(run, comparison.metric, *comparison.target, comparison.cost, length);
    if (!crossing) continue;
    time.low.push_back(crossing->low);
    time.high.push_back(crossing->high);
  }
  time.reached = static_cast<int64_t>(time.high.size());
  size_t all = point.runs.size() + point.failed.size(), missed = all - time.high.size();
  if (missed == 0) return time;
  time.low.clear();
  time.high.clear();
  time.missing = cat(missed, " of ", all, all == 1 ? " run" : " runs", missed == 1 ? " does" : " do", " not reach it");
  return time;
}

}  // namespace

bool are_costs(std::span<const double> values) {
  return !values.empty() &&
         std::all_of(values.begin(), values.end(), [](double x) { return std::isfinite(x) && x > 0; });
}

std::vector<double> independent_costs(const Comparison& comparison, const RunCosts& costs) {
  if (costs.values.size() != costs.runs.size()) return costs.values;
  std::map<std::string, stats::Moments> hosts;
  for (size_t i = 0; i < costs.runs.size(); ++i) {
    const std::string& host = comparison.runs[costs.runs[i]].record.hardware.host_id;
    if (host.empty()) return costs.values;
    hosts[host].add(costs.values[i]);
  }
  if (hosts.size() < 2 || hosts.size() == costs.runs.size()) return costs.values;
  std::vector<double> means;
  for (const auto& [host, moments] : hosts) means.push_back(moments.mean);
  return means;
}

stats::Ratio cost_ratio(const Comparison& comparison, const RunCosts& base, const RunCosts& method) {
  stats::Ratio ratio = stats::ratio_of_costs(independent_costs(comparison, base), independent_costs(comparison, method),
                                             comparison.options.confidence);
  // Hosts with more runs count for more in the means that stand beside it; the interval moves along.
  const double value = stats::moments(base.values).mean / stats::moments(method.values).mean;
  ratio.low *= value / ratio.value;
  ratio.high *= value / ratio.value;
  ratio.value = value;
  return ratio;
}

TargetTime point_time(const Comparison& comparison, const Group& group, const Point& point, Variant variant) {
  TargetTime time;
  if (variant == Variant::kPlanned) time = planned_time(comparison, point);
  else if (variant == Variant::kCommon) time = common_time(comparison, point);
  else time = crossing_time(comparison, point, variant == Variant::kSustained ? comparison.options.sustained : 1);
  if (!time.has_costs) {
    time.missing = cat("the runs of ", group.name, " do not say their ", label(comparison.cost));
  } else if (!time.high.empty() && !are_costs(time.high)) {
    time.has_costs = false;
    time.missing = cat("the ", label(comparison.cost), " of ", group.name, " are not all finite and above 0");
  }
  if (!time.has_costs) {
    time.low.clear();
    time.high.clear();
  }
  return time;
}

TargetTime target_time(const Comparison& comparison, const Group& group, Variant variant) {
  TargetTime best;
  best.missing = "no run has a quality";
  std::optional<double> least;
  for (size_t i = 0; i < group.points.size(); ++i) {
    const Point& point = group.points[i];
    if (point.kind != comparison.kind || !point.quality) continue;
    TargetTime time = point_time(comparison, group, point, variant);
    time.point = i;
    if (time.high.empty()) {
      if (!least) best = std::move(time);  // the longest budget says why
      continue;
    }
    double mean = stats::moments(time.high).mean;
    if (least && mean >= *least) continue;
    least = mean;
    best = std::move(time);
  }
  return best;
}

void fill_time_to_target(const Comparison& comparison, Pair& pair) {
  const Group& method_group = comparison.groups[pair.method];
  for (const auto& [variant, base] : comparison.baseline().times) {
    const TargetTime& method = method_group.times.at(variant);
    if (base.high.empty() || method.high.empty()) continue;
    TimeRatio& time = pair.times[variant];
    time.ratio = cost_ratio(comparison, {comparison.baseline().points[base.point].runs, base.high},
                            {method_group.points[method.point].runs, method.high});
    double base_low = stats::moments(base.low).mean, method_low = stats::moments(method.low).mean;
    time.bound_low = base_low / stats::moments(method.high).mean;
    if (method_low > 0) time.bound_high = stats::moments(base.high).mean / method_low;
  }
  auto chosen = pair.times.find(comparison.variant);
  if (chosen == pair.times.end()) return;
  pair.time_to_target = chosen->second.ratio;
  pair.bound_low = chosen->second.bound_low;
  pair.bound_high = chosen->second.bound_high;
}

void fill_curves(const Comparison& comparison, Pair& pair) {
  read_curves(comparison, comparison.curves.front(), comparison.curves[pair.method], pair.speedups, pair.gains);
  if (comparison.cyclic_curves.empty()) return;
  const Curve &base = comparison.cyclic_curves.front(), &method = comparison.cyclic_curves[pair.method];
  std::vector<GainPoint> gains;
  if (!base.points.empty() && !method.points.empty())
    read_curves(comparison, base, method, pair.cyclic_speedups, gains);
}

}  // namespace hasten::evaluate
