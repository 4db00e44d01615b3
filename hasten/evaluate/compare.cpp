// The comparison: measured points, ratios, verdicts.
#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/evaluate/comparison.h"
#include "hasten/evaluate/grouping.h"
#include "hasten/evaluate/lint.h"
#include "hasten/evaluate/speedup.h"
#include "hasten/stats/moments.h"
#include "hasten/stats/power.h"

namespace hasten::evaluate {
namespace {

Spread spread_of(std::vector<double> values) {
  Spread spread;
  stats::Moments m = stats::moments(values);
  spread.mean = m.mean;
  if (m.n > 1) spread.sd = m.sd();
  spread.values = std::move(values);
  return spread;
}

bool everywhere(const std::vector<Run>& runs, Cost cost) {
  return std::all_of(runs.begin(), runs.end(), [&](const Run& run) {
    return run.record.status == Status::kMissing || run_cost(run, cost).has_value();
  });
}

Cost choose_cost(const std::vector<Run>& runs, std::optional<Cost> wanted) {
  if (wanted) return *wanted;
  for (Cost cost :
       {Cost::kTrainSeconds, Cost::kTotalSeconds, Cost::kTokens, Cost::kSamples, Cost::kSteps, Cost::kFlops}) {
    if (everywhere(runs, cost)) return cost;
  }
  return Cost::kTrainSeconds;
}

Variant choose_variant(const std::vector<Run>& runs, Variant wanted) {
  if (wanted != Variant::kAuto) return wanted;
  auto stopped = std::count_if(runs.begin(), runs.end(), [](const Run& run) {
    return run.record.status == Status::kStoppedEarly || run.record.status == Status::kOutOfBudget;
  });
  return 2 * static_cast<size_t>(stopped) > runs.size() ? Variant::kFirst : Variant::kPlanned;
}

// Fills in what the point's runs measured; runs without a quality become failed ones.
void measure(const Comparison& comparison, Point& point) {
  std::vector<double> qualities;
  std::vector<size_t> measured;
  for (size_t i : point.runs) {
    if (auto value = quality(comparison.runs[i], comparison.metric)) {
      qualities.push_back(*value);
      measured.push_back(i);
    } else {
      point.failed.push_back(i);
    }
  }
  point.runs = std::move(measured);
  if (!qualities.empty()) point.quality = spread_of(std::move(qualities));
  for (Cost cost : all_costs()) {
    std::vector<double> values;
    for (size_t i : point.runs) {
      if (auto value = run_cost(comparison.runs[i], cost)) values.push_back(*value);
    }
    if (!values.empty() && values.size() == point.runs.size()) point.costs[cost] = spread_of(std::move(values));
  }
}

void choose_headline(const Comparison& comparison, Group& group) {
  std::optional<double> least;
  for (size_t i = 0; i < group.points.size(); ++i) {
    Point& point = group.points[i];
    if (!point.quality) continue;
    group.headline = least ? group.headline : i;
    if (!comparison.target) continue;
    point.target = check_target(point.quality->values, *comparison.target, comparison.metric.direction);
    auto cost = point.costs.find(comparison.cost);
    if (!point.target->mean_reaches || cost == point.costs.end()) continue;
    if (!least || cost->second.mean < *least) {
      least = cost->second.mean;
      group.headline = i;
    }
  }
  group.reaches_target = least.has_value();
  if (const auto& check = group.points[group.headline].target; check && check->mean_reaches)
    group.reaches_target = true;
}

void judge(const Comparison& comparison, Pair& pair) {
  const Group &base = comparison.groups.front(), &method = comparison.groups[pair.method];
  const auto& ratio = pair.time_to_target;
  std::string what(label(comparison.cost));
  if (!base.reaches_target && !method.reaches_target) {
    pair.reason = "neither side reaches the target";
    return;
  }
  // Without its costs a side cannot be said to have missed the target.
  for (const Group* group : {&base, &method}) {
    const Point& point = group->points[group->headline];
    if (ratio || point.runs.empty() || point.costs.count(comparison.cost) > 0) continue;
    pair.reason = "the runs of " + group->name + " do not say their " + what;
    return;
  }
  if (!ratio) {
    pair.verdict = Verdict::kUnresolved;
    pair.reason =
        (method.reaches_target ? base.name : method.name) + " does not reach the target within what was measured";
    // Missing the target at no lower cost is worse, if the costs say so.
    auto costs = pair.ratios.find(comparison.cost);
    bool known = costs != pair.ratios.end() && costs->second.has_interval;
    if (known && !method.reaches_target && costs->second.low <= 1 && pair.quality) {
      double p = comparison.metric.direction == Direction::kMaximize ? pair.quality->p_less : pair.quality->p_greater;
      if (p < comparison.options.alpha && costs->second.value <= 1) {
        pair.verdict = Verdict::kHurts;
        pair.reason = method.name + " misses the target and costs no fewer " + what;
      }
    }
    return;
  }
  std::string interval = cat(fixed(ratio->low, 2), " to ", fixed(ratio->high, 2), "x");
  if (!ratio->has_interval) {
    pair.reason = "one run on a side gives a ratio, but no interval";
  } else if (ratio->low > 1 / (1 + comparison.options.margin) && ratio->high < 1 + comparison.options.margin) {
    pair.verdict = Verdict::kNoDifference;
    pair.reason = cat("the whole interval, ", interval, ", lies within the margin of ",
                      significant(comparison.options.margin * 100, 3), "%");
  } else if (ratio->low > 1 || ratio->high < 1) {
    pair.verdict = ratio->low > 1 ? Verdict::kHelps : Verdict::kHurts;
    pair.reason = cat("the interval of the ratio of ", what, ", ", interval, ", excludes 1");
  } else {
    pair.reason = cat("the interval of the ratio of ", what, ", ", interval, ", contains 1");
    if (pair.detectable)
      pair.reason += cat("; these runs can show a speedup of ", fixed(1 + *pair.detectable, 3), "x or more");
  }
}

Pair make_pair(const Comparison& comparison, size_t index) {
  Pair pair;
  pair.method = index;
  const Group &base = comparison.groups.front(), &method = comparison.groups[index];
  const Point &left = base.points[base.headline], &right = method.points[method.headline];
  double confidence = comparison.options.confidence;
  for (const auto& [cost, spread] : left.costs) {
    auto other = right.costs.find(cost);
    if (other != right.costs.end()) {
      pair.ratios[cost] = stats::ratio_of_costs(spread.values, other->second.values, confidence);
    }
  }
  if (left.quality && right.quality && left.runs.size() > 1 && right.runs.size() > 1) {
    pair.quality = stats::welch_t(right.quality->values, left.quality->values, confidence);
  }
  if (comparison.target) fill_time_to_target(comparison, pair);
  if (comparison.curves.size() > index) fill_curves(comparison, pair);
  auto spent = left.costs.find(comparison.cost), other = right.costs.find(comparison.cost);
  if (spent != left.costs.end() && other != right.costs.end()) {
    if (left.tuning_cost && right.tuning_cost) {
      pair.with_tuning = (spent->second.mean + *left.tuning_cost) / (other->second.mean + *right.tuning_cost);
    }
    if (spent->second.sd && other->second.sd) {
      double cv_base = *spent->second.sd / spent->second.mean, cv_method = *other->second.sd / other->second.mean;
      pair.detectable =
          stats::smallest_detectable(static_cast<int64_t>(left.runs.size()), static_cast<int64_t>(right.runs.size()),
                                     std::sqrt((cv_base * cv_base + cv_method * cv_method) / 2));
    }
  }
  judge(comparison, pair);
  return pair;
}

Curve make_curve(const Comparison& comparison, const Group& group) {
  Curve curve{group.name, comparison.cost, comparison.metric.direction, {}};
  for (const Point& point : group.points) {
    auto costs = point.costs.find(comparison.cost);
    if (!point.quality || costs == point.costs.end()) continue;
    CurvePoint at{point.budget, point.kind, {}};
    for (size_t s = 0; s < point.runs.size(); ++s) {
      at.seeds.push_back({costs->second.values[s], point.quality->values[s], point.runs[s]});
    }
    curve.points.push_back(std::move(at));
  }
  std::stable_sort(curve.points.begin(), curve.points.end(),
                   [](const CurvePoint& a, const CurvePoint& b) { return a.cost() < b.cost(); });
  return curve;
}

std::optional<double> recorded_target(const Comparison& comparison) {
  for (const Group& group : comparison.groups) {
    for (size_t i : group.runs) {
      const Metric& metric = comparison.runs[i].record.metric;
      if (metric.target && metric.name == comparison.metric.name) return metric.target;
    }
  }
  return std::nullopt;
}

void measure_groups(Comparison& comparison) {
  for (Group& group : comparison.groups) {
    for (Point& point : group.points) {
      std::vector<size_t> searched = point.runs;
      keep_best_trials(comparison.runs, comparison.metric, comparison.target, comparison.cost, point);
      point.tuning_cost = search_cost(comparison.runs, searched, comparison.cost);
      measure(comparison, point);
    }
  }
}

}  // namespace

std::string_view name(Verdict verdict) {
  constexpr std::string_view kNames[] = {"helps", "hurts", "no difference", "unresolved"};
  return kNames[static_cast<size_t>(verdict)];
}

Comparison compare(std::vector<Run> runs, const CompareOptions& options) {
  if (runs.empty()) throw ConfigError("runs", "at least one run", "none");
  std::set<std::string> workloads;
  for (const Run& run : runs) workloads.insert(run.record.workload);
  if (workloads.size() > 1) {
    throw ConfigError("runs", "runs of one workload", join({workloads.begin(), workloads.end()}, ", "));
  }
  Comparison comparison;
  comparison.options = options;
  comparison.workload = *workloads.begin();
  comparison.metric = choose_metric(runs, options.metric);
  comparison.cost = choose_cost(runs, options.cost);
  comparison.variant = choose_variant(runs, options.variant);
  comparison.runs = std::move(runs);
  comparison.groups = make_groups(comparison.runs, options.baseline);
  comparison.target = options.target ? options.target : recorded_target(comparison);
  measure_groups(comparison);
  Group& base = comparison.groups.front();
  for (size_t i = 0; i < base.points.size(); ++i) {
    if (!comparison.target && base.points[i].quality && i + 1 == base.points.size()) {
      comparison.target = base.points[i].quality->mean;
      comparison.target_from_baseline = true;
    }
  }
  for (Group& group : comparison.groups) choose_headline(comparison, group);
  for (const Group& group : comparison.groups) comparison.curves.push_back(make_curve(comparison, group));
  comparison.frontier = pareto_frontier(comparison.curves);
  for (size_t i = 1; i < comparison.groups.size(); ++i) comparison.pairs.push_back(make_pair(comparison, i));
  comparison.lints = run_lints({comparison});
  return comparison;
}

std::vector<Comparison> compare_workloads(std::vector<Run> runs, const CompareOptions& options) {
  std::map<std::string, std::vector<Run>> by_workload;
  for (Run& run : runs) by_workload[run.record.workload].push_back(std::move(run));
  std::vector<Comparison> comparisons;
  for (auto& [workload, members] : by_workload) comparisons.push_back(compare(std::move(members), options));
  return comparisons;
}

}  // namespace hasten::evaluate
