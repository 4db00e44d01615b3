// Words and cells.
#include "hasten/report/wording.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "hasten/base/text.h"
#include "hasten/stats/moments.h"

namespace hasten::report {
namespace {

using namespace evaluate;

constexpr const char* kUnavailable = "unavailable";

// As many decimals as the spread, or the number itself, can carry.
std::string with_spread(double mean, std::optional<double> sd, int decimals) {
  return fixed(mean, decimals) + (sd ? " ± " + fixed(*sd, decimals) : "");
}

std::string costs_text(Cost cost, const Spread& spread) {
  if (cost == Cost::kTrainSeconds || cost == Cost::kTotalSeconds) {
    if (spread.mean < 600) return with_spread(spread.mean, spread.sd, spread.mean < 10 ? 2 : 1) + "s";
  }
  std::string text = cost_text(cost, spread.mean);
  if (spread.sd && *spread.sd > 1e-9 * std::abs(spread.mean)) text += " ± " + cost_text(cost, *spread.sd);
  return text;
}

std::string gain_text(double gain) { return (gain > 0 ? "+" : "") + significant(gain, 2); }

bool has_gains(const Pair& pair) {
  return std::any_of(pair.gains.begin(), pair.gains.end(), [](const GainPoint& at) { return at.gain.has_value(); });
}

std::string ratio_text(const stats::Ratio& ratio, double confidence) {
  std::string text = fixed(ratio.value, 2) + "x";
  if (ratio.has_interval) {
    text += cat(" (", number(confidence * 100), "% interval ", fixed(ratio.low, 2), " to ", fixed(ratio.high, 2), "x)");
  }
  return text;
}

}  // namespace

std::string quality_cell(const std::optional<Spread>& spread) {
  if (!spread) return "none";
  int decimals = std::abs(spread->mean) < 10 ? 4 : 2;
  // A spread that four decimals do not show needs more of them.
  for (double sd = spread->sd.value_or(0); sd > 0 && sd < std::pow(10.0, -decimals) && decimals < 8;) ++decimals;
  return with_spread(spread->mean, spread->sd, decimals);
}

std::string cost_cell(const Point& point, Cost cost) {
  auto found = point.costs.find(cost);
  return found == point.costs.end() ? kUnavailable : costs_text(cost, found->second);
}

std::string metric_name(const Metric& metric) {
  return (metric.split.empty() ? "" : metric.split + "/") + metric.name +
         (metric.weights == "raw" ? "" : " (" + metric.weights + ")");
}

std::string target_text(const Comparison& comparison) {
  if (!comparison.target) return "";
  return comparison.target_from_baseline ? significant(*comparison.target, 4) : number(*comparison.target);
}

std::string point_name(const Group& group, const Point& point) {
  std::string text = group.name + (point.budget.empty() ? "" : " @ " + point.budget);
  return point.kind == PointKind::kCyclic ? text + " (cyclic)" : text;
}

Table summary_table(const Comparison& comparison) {
  Table table;
  table.head = {"group", "runs", metric_name(comparison.metric)};
  // Seconds, samples, FLOPs and joules always; the others where someone recorded them.
  std::vector<Cost> costs;
  for (Cost cost : all_costs()) {
    bool anywhere = false;
    for (const Group& group : comparison.groups) {
      for (const Point& point : group.points) anywhere = anywhere || point.costs.count(cost) > 0;
    }
    bool always = cost == Cost::kTrainSeconds || cost == Cost::kTotalSeconds || cost == Cost::kSamples ||
                  cost == Cost::kFlops || cost == Cost::kJoules;
    if (anywhere || always) costs.push_back(cost);
  }
  for (Cost cost : costs) table.head.emplace_back(label(cost));
  table.head.emplace_back("meets target");
  for (const Group& group : comparison.groups) {
    for (const Point& point : group.points) {
      std::string runs = std::to_string(point.runs.size());
      if (!point.failed.empty()) runs += cat(" + ", point.failed.size(), " failed");
      std::vector<std::string> row{point_name(group, point), runs, quality_cell(point.quality)};
      for (Cost cost : costs) row.push_back(cost_cell(point, cost));
      row.push_back(!point.target ? ""
                                  : cat(point.target->mean_reaches ? "yes" : "no", ", ", point.target->reached, " of ",
                                        point.target->n));
      table.rows.push_back(std::move(row));
    }
  }
  return table;
}

Table runs_table(const Comparison& comparison) {
  Table table;
  table.head = {"run", "group", "budget", "seed", metric_name(comparison.metric), "train", "total", "steps", "status"};
  table.text_columns = 3;
  for (const Group& group : comparison.groups) {
    for (size_t i : group.runs) {
      const Run& run = comparison.runs[i];
      auto reached = quality(run, comparison.metric);
      auto cell = [&](Cost cost) {
        auto value = run_cost(run, cost);
        return value ? (cost == Cost::kSteps ? number(*value) : costs_text(cost, {{}, *value, std::nullopt}))
                     : std::string(kUnavailable);
      };
      table.rows.push_back(
          {run.record.id, group.name, budget_name(run.record), run.record.seed ? std::to_string(*run.record.seed) : "",
           reached ? fixed(*reached, std::abs(*reached) < 10 ? 4 : 2) : "none", cell(Cost::kTrainSeconds),
           cell(Cost::kTotalSeconds), cell(Cost::kSteps), std::string(name(run.record.status))});
    }
  }
  return table;
}

Table speedup_table(const Comparison& comparison, const std::vector<SpeedupPoint>& speedups) {
  Table table;
  table.head = {metric_name(comparison.metric), "speedup in " + std::string(label(comparison.cost)), "interval",
                "not reached in"};
  table.text_columns = 0;
  size_t step = speedups.size() > 12 ? speedups.size() / 8 : 1;
  for (size_t i = 0; i < speedups.size(); ++i) {
    const SpeedupPoint& at = speedups[i];
    const auto& asked = comparison.options.targets;
    bool wanted = at.quality == comparison.target || std::find(asked.begin(), asked.end(), at.quality) != asked.end();
    if (!wanted && i % step != 0) continue;
    std::string interval = at.low && at.high ? fixed(*at.low, 3) + " to " + fixed(*at.high, 3) : "";
    std::string missed = at.speedup && (at.low || at.missed_share > 0) ? fixed(at.missed_share * 100, 1) + "%" : "";
    table.rows.push_back(
        {significant(at.quality, 5), at.speedup ? fixed(*at.speedup, 3) + "x" : "not measured", interval, missed});
  }
  return table;
}

Table gain_table(const Comparison& comparison, const Pair& pair) {
  Table table;
  table.head = {std::string(label(comparison.cost)), "gain in " + metric_name(comparison.metric), "interval"};
  table.text_columns = 0;
  if (!has_gains(pair)) return table;
  size_t step = pair.gains.size() > 16 ? pair.gains.size() / 8 : 1;
  for (size_t i = 0; i < pair.gains.size(); i += step) {
    const GainPoint& at = pair.gains[i];
    table.rows.push_back({costs_text(comparison.cost, {{}, at.cost, std::nullopt}),
                          at.gain ? gain_text(*at.gain) : "not measured",
                          at.low && at.high ? gain_text(*at.low) + " to " + gain_text(*at.high) : ""});
  }
  return table;
}

Table times_table(const Comparison& comparison) {
  Table table;
  table.head = {"time to target"};
  for (const auto& [variant, time] : comparison.baseline().times) table.head.emplace_back(name(variant));
  for (size_t g = 0; g < comparison.groups.size(); ++g) {
    const Group& group = comparison.groups[g];
    if (group.times.empty()) continue;
    std::vector<std::string> row{group.name};
    for (const auto& [variant, time] : group.times) {
      if (time.high.empty()) {
        row.emplace_back(kUnavailable);
        continue;
      }
      auto one = [&](const std::vector<double>& costs) {
        return costs_text(comparison.cost, {{}, stats::moments(costs).mean, std::nullopt});
      };
      std::string cell = one(time.high);
      bool planned = variant == Variant::kPlanned;
      if (!planned) cell = cat(one(time.low), " to ", cell);
      if (auto pair = std::find_if(comparison.pairs.begin(), comparison.pairs.end(),
                                   [&](const Pair& other) { return other.method == g; });
          pair != comparison.pairs.end() && pair->times.count(variant) > 0) {
        const TimeRatio& ratio = pair->times.at(variant);
        cell += ", " + fixed(ratio.ratio.value, 2) + "x";
        if (!planned)
          cell += cat(" (", fixed(*ratio.bound_low, 2), " to ",
                      ratio.bound_high ? fixed(*ratio.bound_high, 2) + "x" : "any larger value", ")");
      }
      row.push_back(std::move(cell));
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

std::vector<std::string> missing_times(const Comparison& comparison) {
  std::vector<std::string> lines;
  for (const Group& group : comparison.groups) {
    std::map<std::string, std::vector<std::string>> variants;
    for (const auto& [variant, time] : group.times) {
      if (time.high.empty()) variants[time.missing].emplace_back(name(variant));
    }
    for (const auto& [why, which] : variants)
      lines.push_back(cat(group.name, ", ", join(which, ", "), ": unavailable, since ", why));
  }
  return lines;
}

std::vector<std::string> frontier_lines(const Comparison& comparison) {
  std::vector<std::string> lines;
  auto add = [&](const std::vector<Curve>& curves, const std::vector<FrontierPoint>& frontier) {
    std::vector<std::string> points;
    for (const FrontierPoint& at : frontier) {
      const CurvePoint& point = curves[at.curve].points[at.point];
      points.push_back(cat(curves[at.curve].group, point.budget.empty() ? "" : " @ " + point.budget, " (",
                           quality_cell(Spread{{}, point.quality(), std::nullopt}), " at ",
                           costs_text(comparison.cost, {{}, point.cost(), std::nullopt}), ")"));
    }
    if (points.empty()) return;
    bool cyclic = curves[frontier.front().curve].points[frontier.front().point].kind == PointKind::kCyclic;
    lines.push_back(cat("Pareto frontier", cyclic ? " of the cyclic points" : "", ": ", join(points, ", ")));
  };
  add(comparison.curves, comparison.frontier);
  add(comparison.cyclic_curves, comparison.cyclic_frontier);
  return lines;
}

std::vector<std::string> cyclic_lines(const Comparison& comparison) {
  std::vector<std::string> lines;
  for (size_t g = 0; g < comparison.cyclic_curves.size(); ++g) {
    if (comparison.cyclic_curves[g].points.empty()) continue;
    const Group& group = comparison.groups[g];
    std::vector<std::string> offsets;
    for (const Anchor& anchor : group.anchors) {
      offsets.push_back(
          cat(gain_text(anchor.offset), " at ",
              anchor.budget.empty() ? costs_text(comparison.cost, {{}, anchor.cost, std::nullopt}) : anchor.budget));
    }
    lines.push_back(cat("cyclic points of ", group.name, ", read off runs with restarts: ",
                        offsets.size() < 2
                            ? "fewer than two standard anchors: no offset"
                            : metric_name(comparison.metric) + " against the standard points " + join(offsets, ", ")));
  }
  return lines;
}

std::vector<std::string> search_lines(const Comparison& comparison) {
  std::vector<std::string> lines;
  for (const Group& group : comparison.groups) {
    for (const Point& point : group.points) {
      size_t n = point.expected_best.size();
      if (n == 0) continue;
      std::vector<std::string> parts;
      for (size_t trials = 1; trials <= n; trials = trials < n && 2 * trials > n ? n : 2 * trials) {
        Spread best{{}, point.expected_best[trials - 1], std::nullopt};
        parts.push_back(cat(quality_cell(best), " after ", trials));
      }
      lines.push_back(cat("expected best of n trials of ", point_name(group, point), ": ", join(parts, ", ")));
    }
  }
  return lines;
}

std::string headline(const Comparison& comparison, const Pair& pair) {
  const Group& method = comparison.groups[pair.method];
  std::string target = metric_name(comparison.metric) + (comparison.target ? " " + target_text(comparison) : "");
  if (pair.verdict == Verdict::kUnresolved || !pair.time_to_target) {
    std::string text = cat(method.name, ": ", name(pair.verdict));
    if (pair.time_to_target) {
      text += cat(", ", ratio_text(*pair.time_to_target, comparison.options.confidence), " in ", label(comparison.cost),
                  " to ", target);
    }
    return text + ": " + pair.reason;
  }
  const stats::Ratio& ratio = *pair.time_to_target;
  std::string verb = pair.verdict == Verdict::kHelps   ? "helps"
                     : pair.verdict == Verdict::kHurts ? "hurts"
                                                       : "makes no difference";
  return cat(method.name, " ", verb, ": ", ratio_text(ratio, comparison.options.confidence), " in ",
             label(comparison.cost), " to ", target);
}

std::vector<std::string> details(const Comparison& comparison, const Pair& pair) {
  std::vector<std::string> lines;
  const Group &base = comparison.baseline(), &method = comparison.groups[pair.method];
  size_t n_base = base.points[base.headline].runs.size(), n_method = method.points[method.headline].runs.size();
  if (pair.time_to_target) {
    lines.push_back(cat("time to target: ", name(comparison.variant),
                        comparison.variant == Variant::kPlanned ? " length" : " crossing",
                        "; ratio of means, Welch interval on logs, ", n_base, " + ", n_method, " runs"));
  }
  if (comparison.variant != Variant::kPlanned && pair.bound_low) {
    lines.push_back(cat("by the spacing of the evaluations alone the ratio lies between ", fixed(*pair.bound_low, 2),
                        " and ", pair.bound_high ? fixed(*pair.bound_high, 2) : "any larger value", "x"));
  }
  for (const SpeedupPoint& at : pair.speedups) {
    if (at.quality != comparison.target || !at.speedup || base.points.size() < 2 || method.points.size() < 2) continue;
    lines.push_back(
        cat("read from the tradeoff curves at the target: ", fixed(*at.speedup, 2), "x",
            at.low && at.high ? cat(" (", fixed(*at.low, 2), " to ", fixed(*at.high, 2), "x, seeds resampled)") : ""));
  }
  // Near the plateau a speedup says little and the gain says it: where the curve is flat, any cost reaches the target.
  for (const Group* group : {&base, &method}) {
    const Point& point = group->points[group->headline];
    auto spent = point.costs.find(comparison.cost);
    auto at = std::find_if(pair.gains.begin(), pair.gains.end(), [&](const GainPoint& one) {
      return spent != point.costs.end() && one.cost == spent->second.mean && one.gain;
    });
    if (at == pair.gains.end()) continue;
    lines.push_back(cat("at the cost of ", point_name(*group, point), " the gain in ", metric_name(comparison.metric),
                        " is ", gain_text(*at->gain),
                        at->low && at->high ? cat(" (", gain_text(*at->low), " to ", gain_text(*at->high), ")") : ""));
    break;
  }
  std::vector<std::string> others;
  for (const auto& [cost, ratio] : pair.ratios) {
    if (cost != comparison.cost) others.push_back(cat(label(cost), " ", fixed(ratio.value, 2), "x"));
  }
  if (!others.empty()) lines.push_back("baseline over method at these budgets: " + join(others, ", "));
  if (pair.quality) {
    lines.push_back(cat("quality difference ", significant(pair.quality->difference, 2), " (",
                        significant(pair.quality->low, 2), " to ", significant(pair.quality->high, 2), ")"));
  }
  if (pair.with_tuning)
    lines.push_back(cat("with the search for settings charged to both sides: ", fixed(*pair.with_tuning, 2), "x"));
  if (pair.detectable) {
    lines.push_back(cat("the smallest speedup that these runs can detect is ", fixed(1 + *pair.detectable, 3), "x"));
  } else if (n_base < 2 || n_method < 2) {
    lines.emplace_back("without two runs a side there is no interval, and no smallest detectable speedup");
  }
  return lines;
}

LintCounts count_lints(const std::vector<LintResult>& lints) {
  LintCounts counts;
  for (const LintResult& lint : lints) {
    if (lint.outcome == Outcome::kClean) ++counts.clean;
    if (lint.outcome == Outcome::kNotCheckable) ++counts.not_checkable;
    if (lint.outcome != Outcome::kFired) continue;
    ++counts.fired;
    bool error = std::any_of(lint.hits.begin(), lint.hits.end(),
                             [](const Hit& hit) { return hit.severity == Severity::kError; });
    counts.errors += error ? 1 : 0;
  }
  return counts;
}

std::vector<const LintResult*> fired_lints(const std::vector<LintResult>& lints) {
  std::vector<const LintResult*> fired;
  for (const LintResult& lint : lints) {
    if (lint.outcome == Outcome::kFired) fired.push_back(&lint);
  }
  auto worst = [](const LintResult* lint) {
    Severity severity = Severity::kInfo;
    for (const Hit& hit : lint->hits) severity = std::max(severity, hit.severity);
    return severity;
  };
  std::stable_sort(fired.begin(), fired.end(), [&](auto a, auto b) { return worst(a) > worst(b); });
  return fired;
}

}  // namespace hasten::report
