// L15: one side is evaluated more often than the other.
#include <algorithm>

#include "hasten/base/text.h"
#include "hasten/evaluate/lints/lints.h"
#include "hasten/stats/moments.h"

namespace hasten::evaluate::lints {
namespace {

// As planned where the runs say so (what was observed also depends on how long a step takes), else as observed.
std::optional<double> usual_interval(const Comparison& comparison, const Group& group, bool planned) {
  std::vector<double> intervals;
  for (const Run* run : runs_of(comparison, group)) {
    if (planned && run->record.eval_interval_s) intervals.push_back(*run->record.eval_interval_s);
  }
  if (planned) return intervals.empty() ? std::nullopt : std::optional(stats::median(std::move(intervals)));
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

}  // namespace

Lint eval_cadence_mismatch() {
  return {"L15",
          "eval-cadence-mismatch",
          Severity::kWarning,
          "The side that looks more often finds its crossing earlier.",
          "logs of AlgoPerf v0.5",
          [](const LintInput& input, Check& out) {
            const Comparison& comparison = input.comparison;
            std::vector<std::pair<double, std::string>> intervals;
            bool planned = comparison.cost == Cost::kTrainSeconds;
            for (const Group& group : comparison.groups) {
              auto runs = runs_of(comparison, group);
              planned = planned && std::all_of(runs.begin(), runs.end(),
                                               [](const Run* run) { return run->record.eval_interval_s.has_value(); });
            }
            for (const Group& group : comparison.groups) {
              if (runs_of(comparison, group).empty()) continue;
              if (auto interval = usual_interval(comparison, group, planned)) {
                intervals.emplace_back(*interval, group.name);
              } else {
                out.missing("two or more evaluations of " + group.name + " with " + std::string(name(comparison.cost)));
              }
            }
            std::sort(intervals.begin(), intervals.end());
            if (intervals.size() < 2 || intervals.back().first <= 1.2 * intervals.front().first) return;
            std::vector<std::string> parts;
            for (const auto& [interval, group] : intervals)
              parts.push_back(group + " every " + cost_text(comparison.cost, interval));
            // At a planned end nothing depends on when else the run was evaluated.
            out.fire(reads_crossings(comparison) ? Severity::kWarning : Severity::kInfo, comparison.workload,
                     join(parts, ", "));
          }};
}

}  // namespace hasten::evaluate::lints
