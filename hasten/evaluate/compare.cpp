// The comparison: measured points, ratios, verdicts.
#include <algorithm>
#include <array>
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
  std::set<std::string> declared;
  for (const Run& run : runs) {
    if (!run.record.time_to_target.empty()) declared.insert(run.record.time_to_target);
  }
  if (declared.size() > 1) {
    throw ConfigError("--time-to-target", "the variant to compare by, since the records name several", "none",
                      "they name " + join({declared.begin(), declared.end()}, ", "));
  }
  if (declared.size() == 1) {
    Variant variant = parse_variant(*declared.begin(), "time_to_target of a record");
    if (variant != Variant::kAuto) return variant;
  }
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

// By the variant: whether the point reaches the target, and how many of its runs do.
TargetCheck check_point(const Comparison& comparison, const Group& group, const Point& point) {
  TargetCheck check = check_target(point.quality->values, *comparison.target, comparison.metric.direction);
  if (comparison.variant == Variant::kPlanned) return check;
  TargetTime time = point_time(comparison, group, point, comparison.variant);
  check.n = static_cast<int64_t>(point.runs.size() + point.failed.size());
  check.reached = time.reached;
  check.mean_reaches = !time.high.empty();
  check.p.reset();
  return check;
}

void choose_headline(const Comparison& comparison, Group& group) {
  for (size_t i = 0; i < group.points.size(); ++i) {
    bool fits = group.points[i].kind == comparison.kind;
    if (fits && (group.points[i].quality || group.points[group.headline].kind != comparison.kind)) group.headline = i;
  }
  if (!comparison.target) return;
  for (Variant variant : {Variant::kPlanned, Variant::kFirst, Variant::kCommon, Variant::kSustained})
    group.times[variant] = target_time(comparison, group, variant);
  for (Point& point : group.points) {
    if (point.quality) point.target = check_point(comparison, group, point);
  }
  const TargetTime& time = group.times.at(comparison.variant);
  if (!time.high.empty()) group.headline = time.point;
  const Point& point = group.points[group.headline];
  group.reaches_target = point.kind == comparison.kind && point.target && point.target->mean_reaches;
}

// The kind of points that may stand in this comparison's numbers.
PointKind kind_to_compare(const Group& base) {
  bool standard = std::any_of(base.points.begin(), base.points.end(),
                              [](const Point& point) { return point.kind == PointKind::kStandard; });
  return standard ? PointKind::kStandard : PointKind::kCyclic;
}

void judge(const Comparison& comparison, Pair& pair) {
  const Group &base = comparison.groups.front(), &method = comparison.groups[pair.method];
  const auto& ratio = pair.time_to_target;
  std::string what(label(comparison.cost));
  if (!ratio && comparison.target) {
    bool neither = !base.reaches_target && !method.reaches_target;
    if (neither && comparison.variant == Variant::kPlanned) {
      pair.reason = "neither side reaches the target";
      return;
    }
    // Without its costs a side cannot be said to have missed the target.
    for (const Group* group : {&base, &method}) {
      const TargetTime& time = group->times.at(comparison.variant);
      if (time.has_costs) continue;
      pair.reason = time.missing;
      return;
    }
  }
  if (!base.reaches_target && !method.reaches_target) {
    pair.reason = "neither side reaches the target";
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
  if (pair.over_hosts) interval += " over hosts";
  if (!ratio->has_interval) {
    pair.reason = comparison.variant == Variant::kCommon ? "one common step a side gives a ratio, but no interval"
                                                         : "one run on a side gives a ratio, but no interval";
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

// The costs that the verdict is about: of the headline points, or of their crossings.
RunCosts judged_costs(const Comparison& comparison, const Group& group) {
  static const std::vector<double> kNone;
  const Point& headline = group.points[group.headline];
  if (comparison.variant != Variant::kPlanned) {
    if (!comparison.target) return {headline.runs, kNone};
    const TargetTime& time = group.times.at(comparison.variant);
    return {group.points[time.point].runs, time.high};
  }
  auto spent = headline.costs.find(comparison.cost);
  return {headline.runs, spent == headline.costs.end() ? kNone : spent->second.values};
}

double with_search(const Point& point, double spent) {
  return *point.tuning_cost + (point.tuning_has_runs ? 0 : spent);
}

Pair make_pair(const Comparison& comparison, size_t index) {
  Pair pair;
  pair.method = index;
  const Group &base = comparison.groups.front(), &method = comparison.groups[index];
  const Point &left = base.points[base.headline], &right = method.points[method.headline];
  double confidence = comparison.options.confidence;
  if (comparison.curves.size() > index) fill_curves(comparison, pair);
  if (right.kind != left.kind) {
    pair.reason = cat("the points of ", method.name, " are not of the kind of those of ", base.name,
                      " (standard or cyclic), and the two are not compared");
    return pair;
  }
  for (const auto& [cost, spread] : left.costs) {
    auto other = right.costs.find(cost);
    if (other != right.costs.end() && are_costs(spread.values) && are_costs(other->second.values)) {
      pair.ratios[cost] = cost_ratio(comparison, {left.runs, spread.values}, {right.runs, other->second.values});
    }
  }
  if (left.quality && right.quality && left.runs.size() > 1 && right.runs.size() > 1) {
    pair.quality = stats::welch_t(right.quality->values, left.quality->values, confidence);
  }
  if (comparison.target) fill_time_to_target(comparison, pair);
  auto spent = left.costs.find(comparison.cost), other = right.costs.find(comparison.cost);
  if (pair.ratios.count(comparison.cost) > 0 && left.tuning_cost && right.tuning_cost) {
    double base_cost = with_search(left, spent->second.mean), method_cost = with_search(right, other->second.mean);
    if (are_costs(std::array{base_cost, method_cost})) pair.with_tuning = base_cost / method_cost;
  }
  const RunCosts base_judged = judged_costs(comparison, base), method_judged = judged_costs(comparison, method);
  const std::vector<double> base_costs = independent_costs(comparison, base_judged),
                            method_costs = independent_costs(comparison, method_judged);
  if (base_costs.size() > 1 && method_costs.size() > 1 && are_costs(base_costs) && are_costs(method_costs)) {
    stats::Moments a = stats::moments(base_costs), b = stats::moments(method_costs);
    double cv_base = a.sd() / a.mean, cv_method = b.sd() / b.mean;
    pair.detectable = stats::smallest_detectable(a.n, b.n, std::sqrt((cv_base * cv_base + cv_method * cv_method) / 2));
  }
  pair.over_hosts = base_costs.size() < base_judged.values.size() || method_costs.size() < method_judged.values.size();
  judge(comparison, pair);
  return pair;
}

Curve make_curve(const Comparison& comparison, const Group& group, PointKind kind) {
  Curve curve{group.name, comparison.cost, comparison.metric.direction, {}};
  for (const Point& point : group.points) {
    auto costs = point.costs.find(comparison.cost);
    if (point.kind != kind || !point.quality) continue;
    if (costs == point.costs.end() || !are_costs(costs->second.values)) continue;
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

// What the cyclic curve says at the standard points: at the same budget, else at the same cost.
std::vector<Anchor> anchors_of(const Curve& standard, const Curve& cyclic) {
  std::vector<Anchor> anchors;
  for (const CurvePoint& point : standard.points) {
    auto same = std::find_if(cyclic.points.begin(), cyclic.points.end(), [&](const CurvePoint& other) {
      return !point.budget.empty() && other.budget == point.budget;
    });
    auto read = same != cyclic.points.end() ? std::optional(same->quality()) : read_quality(cyclic, point.cost());
    if (read) anchors.push_back({point.budget, point.cost(), *read - point.quality()});
  }
  return anchors;
}

void make_curves(Comparison& comparison) {
  bool has_cyclic = false;
  for (const Group& group : comparison.groups) {
    comparison.curves.push_back(make_curve(comparison, group, comparison.kind));
    comparison.cyclic_curves.push_back(make_curve(comparison, group, PointKind::kCyclic));
    has_cyclic = has_cyclic || !comparison.cyclic_curves.back().points.empty();
  }
  if (!has_cyclic || comparison.kind == PointKind::kCyclic) comparison.cyclic_curves.clear();
  comparison.frontier = pareto_frontier(comparison.curves);
  comparison.cyclic_frontier = pareto_frontier(comparison.cyclic_curves);
  for (size_t i = 0; i < comparison.cyclic_curves.size(); ++i)
    comparison.groups[i].anchors = anchors_of(comparison.curves[i], comparison.cyclic_curves[i]);
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
      searched.insert(searched.end(), point.failed.begin(), point.failed.end());
      keep_best_trials(comparison.runs, comparison.metric, comparison.target, comparison.cost, point);
      if (auto spent = search_cost(comparison.runs, searched, comparison.cost)) {
        point.tuning_cost = spent->value;
        point.tuning_has_runs = spent->summed;
      }
      point.expected_best = expected_best_of_trials(comparison.runs, searched, comparison.metric);
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
  comparison.kind = kind_to_compare(comparison.baseline());
  if (!options.equal_budgets) comparison.target = options.target ? options.target : recorded_target(comparison);
  measure_groups(comparison);
  Group& base = comparison.groups.front();
  auto last = std::find_if(base.points.rbegin(), base.points.rend(),
                           [&](const Point& point) { return point.kind == comparison.kind; });
  if (!comparison.target && !options.equal_budgets && last->quality) {
    comparison.target = last->quality->mean;
    comparison.target_from_baseline = true;
  }
  for (Group& group : comparison.groups) choose_headline(comparison, group);
  make_curves(comparison);
  for (size_t i = 1; i < comparison.groups.size(); ++i) comparison.pairs.push_back(make_pair(comparison, i));
  comparison.lints = run_lints({comparison});
  return comparison;
}

std::vector<Comparison> compare_workloads(std::vector<Run> runs, const CompareOptions& options) {
  std::map<std::string, std::vector<Run>> by_workload;
  for (Run& run : runs) by_workload[run.record.workload].push_back(std::move(run));
  std::vector<Comparison> comparisons;
  for (auto& [workload, members] : by_workload) comparisons.push_back(compare(std::move(members), options));
  if (comparisons.size() < 2) return comparisons;
  for (Comparison& comparison : comparisons)
    std::erase_if(comparison.lints, [](const LintResult& lint) { return is_board_lint(lint.id); });
  return comparisons;
}

}  // namespace hasten::evaluate
