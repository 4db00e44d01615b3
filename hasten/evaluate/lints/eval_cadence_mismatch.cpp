// L15: one side is evaluated more often than the other.
#include <algorithm>

#include "hasten/base/text.h"
#include "hasten/evaluate/lints/lints.h"
#include "hasten/stats/moments.h"

namespace hasten::evaluate::lints {
namespace {

using EvalIntervals = std::vector<std::pair<double, std::string>>;  // of groups

std::optional<double> planned_interval(const Comparison& comparison, const Group& group) {
  std::vector<double> intervals;
  for (const Run* run : runs_of(comparison, group)) {
    if (!run->record.eval_interval_s) return std::nullopt;
    intervals.push_back(*run->record.eval_interval_s);
  }
  return stats::median(std::move(intervals));
}

std::optional<double> observed_interval(const Comparison& comparison, const Group& group) {
  std::vector<double> intervals;
  for (const Run* run : runs_of(comparison, group)) {
    std::optional<double> before;
    for (const Reading& reading : readings(*run, comparison.metric)) {
      auto at = event_cost(*run, run->events[reading.event], comparison.cost);
      if (at && before && *at > *before) intervals.push_back(*at - *before);
      before = at;
    }
  }
  if (intervals.empty()) return std::nullopt;
  return stats::median(std::move(intervals));
}

bool intervals_differ(EvalIntervals& intervals, double factor) {
  std::sort(intervals.begin(), intervals.end());
  return !intervals.empty() && intervals.back().first > factor * intervals.front().first;
}

}  // namespace

Lint eval_cadence_mismatch() {
  return {"L15",
          "eval-cadence-mismatch",
          Severity::kWarning,
          "The side that looks more often finds its crossing earlier.",
          "logs of AlgoPerf v0.5",
          [](const LintInput& input, Check& out) {
            const Comparison& comparison = input.comparison;
            EvalIntervals planned, observed;
            size_t groups = 0;
            std::vector<std::string> unknown;
            for (const Group& group : comparison.groups) {
              if (runs_of(comparison, group).empty()) continue;
              ++groups;
              if (auto interval = planned_interval(comparison, group)) planned.emplace_back(*interval, group.name);
              if (auto interval = observed_interval(comparison, group)) {
                observed.emplace_back(*interval, group.name);
              } else {
                unknown.push_back(group.name);
              }
            }
            bool all_planned = comparison.cost == Cost::kTrainSeconds && planned.size() == groups;
            for (const std::string& group : unknown) {
              if (all_planned) break;
              out.missing("two or more evaluations of " + group + " with " + std::string(name(comparison.cost)));
            }
            // What was observed also depends on how long a step takes: beside equal plans it takes more to count.
            bool by_plan = all_planned && intervals_differ(planned, 1.2);
            if (!by_plan && !intervals_differ(observed, all_planned ? 1.5 : 1.2)) return;
            std::vector<std::string> parts;
            for (const auto& [interval, group] : by_plan ? planned : observed)
              parts.push_back(group + " every " + cost_text(comparison.cost, interval));
            out.fire(comparison.workload, join(parts, ", "));
          }};
}

}  // namespace hasten::evaluate::lints
