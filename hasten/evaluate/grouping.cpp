// Groups, budgets and searches.
#include "hasten/evaluate/grouping.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/stats/moments.h"

namespace hasten::evaluate {
namespace {

std::optional<double> planned_length(const RunRecord& record) {
  for (auto member : {&Amounts::steps, &Amounts::epochs, &Amounts::samples, &Amounts::tokens, &Amounts::seconds,
                      &Amounts::flops, &Amounts::joules}) {
    if (record.planned.*member) return record.planned.*member;
  }
  return std::nullopt;
}

bool has_failed(const Run& run) {
  Status status = run.record.status;
  return status == Status::kDiverged || status == Status::kError || status == Status::kMissing;
}

const std::string& group_name(const Run& run) { return run.record.group.empty() ? run.record.id : run.record.group; }

size_t find_baseline(const std::vector<Group>& groups, const std::string& wanted) {
  std::vector<std::string> names;
  for (const Group& group : groups) names.push_back(group.name);
  for (size_t i = 0; i < groups.size(); ++i) {
    if (!wanted.empty() ? groups[i].name == wanted : groups[i].role == Role::kBaseline) return i;
  }
  if (!wanted.empty())
    throw ConfigError("--baseline", "the name of a group", "'" + wanted + "'", suggest(wanted, names));
  for (const char* usual : {"baseline", "base"}) {
    for (size_t i = 0; i < groups.size(); ++i) {
      if (groups[i].name == usual) return i;
    }
  }
  if (groups.size() == 1) return 0;
  throw ConfigError("--baseline", "the group to compare against, since no run has the role baseline", "none",
                    "the groups are: " + join(names, ", "));
}

std::vector<Point> make_points(const std::vector<Run>& runs, const std::vector<size_t>& members) {
  struct Keyed {
    double length;
    Point point;
  };
  std::map<std::pair<std::string, PointKind>, Keyed> points;
  for (size_t i : members) {
    const RunRecord& record = runs[i].record;
    auto [found, is_new] = points.try_emplace({budget_name(record), record.point});
    if (is_new) {
      found->second.length = planned_length(record).value_or(0);
      found->second.point.budget = found->first.first;
      found->second.point.kind = record.point;
    }
    (has_failed(runs[i]) ? found->second.point.failed : found->second.point.runs).push_back(i);
  }
  std::vector<Keyed> sorted;
  for (auto& [key, keyed] : points) sorted.push_back(std::move(keyed));
  std::stable_sort(sorted.begin(), sorted.end(), [](const Keyed& a, const Keyed& b) { return a.length < b.length; });
  std::vector<Point> result;
  for (Keyed& keyed : sorted) result.push_back(std::move(keyed.point));
  return result;
}

// Lower is better: trials that reach the target by its cost, then the others by their quality, then those without one.
std::pair<int, double> trial_rank(const std::vector<Run>& runs, const std::vector<size_t>& seeds, const Metric& metric,
                                  std::optional<double> target, Cost cost) {
  stats::Moments costs, qualities;
  for (size_t i : seeds) {
    if (target) {
      auto crossing = first_crossing(runs[i], metric, *target, cost);
      costs.add(crossing ? crossing->high : std::numeric_limits<double>::infinity());
    }
    if (auto value = quality(runs[i], metric)) qualities.add(*value);
  }
  if (target && std::isfinite(costs.mean)) return {0, costs.mean};
  if (qualities.n == 0) return {2, 0};
  return {1, -advantage(qualities.mean, 0, metric.direction)};
}

}  // namespace

std::string budget_name(const RunRecord& record) {
  if (!record.planned.text.empty()) return record.planned.text;
  struct Unit {
    std::optional<double> Amounts::*member;
    const char* suffix;
  };
  for (const Unit& unit : {Unit{&Amounts::epochs, "ep"}, Unit{&Amounts::steps, "step"},
                           Unit{&Amounts::samples, "sample"}, Unit{&Amounts::tokens, "token"},
                           Unit{&Amounts::seconds, "s"}, Unit{&Amounts::flops, "flop"}, Unit{&Amounts::joules, "J"}}) {
    if (record.planned.*unit.member) return number(*(record.planned.*unit.member)) + unit.suffix;
  }
  return "";
}

std::vector<Group> make_groups(const std::vector<Run>& runs, const std::string& baseline) {
  std::map<std::string, Group> by_name;
  for (size_t i = 0; i < runs.size(); ++i) {
    Group& group = by_name[group_name(runs[i])];
    group.name = group_name(runs[i]);
    if (group.role == Role::kUnknown) group.role = runs[i].record.role;
    group.runs.push_back(i);
  }
  std::vector<Group> groups;
  for (auto& [key, group] : by_name) {
    group.points = make_points(runs, group.runs);
    groups.push_back(std::move(group));
  }
  auto first = groups.begin() + static_cast<ptrdiff_t>(find_baseline(groups, baseline));
  std::rotate(groups.begin(), first, first + 1);
  return groups;
}

Metric choose_metric(const std::vector<Run>& runs, const std::string& wanted) {
  std::set<std::string> present;
  for (const Run& run : runs) {
    for (const EventRecord& event : run.events) {
      for (const MetricValue& value : event.metrics)
        present.insert(value.split.empty() ? value.name : value.split + "/" + value.name);
    }
  }
  std::vector<std::string> names(present.begin(), present.end());
  for (const Run& run : runs) {
    const Metric& metric = run.record.metric;
    std::string full = metric.split.empty() ? metric.name : metric.split + "/" + metric.name;
    if (!metric.name.empty() && (wanted.empty() || wanted == full)) return metric;
  }
  if (wanted.empty()) {
    throw ConfigError("--metric", "the metric to compare by, since the runs do not say", "none",
                      "they contain: " + join(names, ", "));
  }
  if (!present.count(wanted))
    throw ConfigError("--metric", "a metric that the runs contain", "'" + wanted + "'", suggest(wanted, names));
  Metric metric;
  size_t slash = wanted.find('/');
  metric.split = slash == std::string::npos ? "" : wanted.substr(0, slash);
  metric.name = slash == std::string::npos ? wanted : wanted.substr(slash + 1);
  metric.direction = usual_direction(metric.name);
  return metric;
}

void keep_best_trials(const std::vector<Run>& runs, const Metric& metric, std::optional<double> target, Cost cost,
                      Point& point) {
  std::map<std::string, std::map<int64_t, std::vector<size_t>>> searches;
  for (size_t i : point.runs) {
    const Tuning& tuning = runs[i].record.tuning;
    if (!tuning.group.empty() && tuning.trial) searches[tuning.group][*tuning.trial].push_back(i);
  }
  std::set<size_t> dropped;
  for (const auto& [search, trials] : searches) {
    if (trials.size() < 2) continue;
    int64_t best = trials.begin()->first;
    std::pair<int, double> best_rank{3, 0};
    for (const auto& [trial, seeds] : trials) {
      auto rank = trial_rank(runs, seeds, metric, target, cost);
      if (rank < best_rank) {
        best_rank = rank;
        best = trial;
      }
    }
    for (const auto& [trial, seeds] : trials) {
      if (trial != best) dropped.insert(seeds.begin(), seeds.end());
    }
  }
  std::erase_if(point.runs, [&](size_t i) { return dropped.count(i) > 0; });
}

std::optional<SearchCost> search_cost(const std::vector<Run>& runs, const std::vector<size_t>& members, Cost cost) {
  struct Sum {
    double spent = 0;
    bool known = true;
    std::set<int64_t> trials;
  };
  stats::Moments recorded;
  std::map<std::string, Sum> sums;
  for (size_t i : members) {
    const Tuning& tuning = runs[i].record.tuning;
    std::optional<double> value;
    if (cost == Cost::kTrainSeconds || cost == Cost::kTotalSeconds) value = tuning.seconds;
    if (cost == Cost::kFlops) value = tuning.flops;
    if (cost == Cost::kJoules) value = tuning.joules;
    if (cost == Cost::kUsd) value = tuning.usd;
    if (value) recorded.add(*value);
    if (tuning.group.empty() || !tuning.trial || runs[i].record.status == Status::kMissing) continue;
    // A trial that was made and does not say its cost leaves the sum unknown, not smaller.
    auto spent = run_cost(runs[i], cost);
    Sum& sum = sums[tuning.group];
    sum.spent += spent.value_or(0);
    sum.known = sum.known && spent.has_value();
    sum.trials.insert(*tuning.trial);
  }
  if (recorded.n > 0) return SearchCost{recorded.mean, false};
  stats::Moments summed;
  for (const auto& [search, sum] : sums) {
    if (sum.trials.size() < 2) continue;
    if (!sum.known) return std::nullopt;
    summed.add(sum.spent);
  }
  return summed.n > 0 ? std::optional(SearchCost{summed.mean, true}) : std::nullopt;
}

std::vector<double> expected_best_of_trials(const std::vector<Run>& runs, const std::vector<size_t>& members,
                                            const Metric& metric) {
  std::map<std::string, std::map<int64_t, stats::Moments>> searches;
  for (size_t i : members) {
    const Tuning& tuning = runs[i].record.tuning;
    if (tuning.group.empty() || !tuning.trial || runs[i].record.status == Status::kMissing) continue;
    stats::Moments& trial = searches[tuning.group][*tuning.trial];
    auto value = has_failed(runs[i]) ? std::nullopt : quality(runs[i], metric);
    if (value) trial.add(*value);
  }
  bool maximize = metric.direction == Direction::kMaximize;
  std::vector<std::vector<double>> found;
  size_t least = std::numeric_limits<size_t>::max();
  for (const auto& [search, trials] : searches) {
    std::vector<double> results;
    for (const auto& [trial, seeds] : trials) {
      if (seeds.n > 0) results.push_back(seeds.mean);
    }
    if (trials.size() < 2 || results.empty()) continue;
    double worst = maximize ? *std::min_element(results.begin(), results.end())
                            : *std::max_element(results.begin(), results.end());
    results.resize(trials.size(), worst);
    least = std::min(least, results.size());
    found.push_back(std::move(results));
  }
  std::vector<double> expected;
  for (size_t n = 1; !found.empty() && n <= least; ++n) {
    stats::Moments mean;
    for (const auto& results : found) mean.add(stats::expected_best(results, static_cast<int64_t>(n), maximize));
    expected.push_back(mean.mean);
  }
  return expected;
}

}  // namespace hasten::evaluate
