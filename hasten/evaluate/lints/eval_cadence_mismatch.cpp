// L15: one side is evaluated more often than the other.
#include <algorithm>

#include "hasten/base/text.h"
#include "hasten/evaluate/lints/lints.h"
#include "hasten/stats/moments.h"

namespace hasten::evaluate::lints {
namespace {

std::optional<double> median_interval(const Comparison& comparison, const Group& group) {
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

}  // namespace

Lint eval_cadence_mismatch() {
  return {"L15", "eval-cadence-mismatch", Severity::kWarning,
          "The side that looks more often finds its crossing earlier.", "logs of AlgoPerf v0.5",
          [](const LintInput& input, Check& out) {
            const Comparison& comparison = input.comparison;
            std::vector<std::pair<double, std::string>> intervals;
            for (const Group& group : comparison.groups) {
              if (auto interval = median_interval(comparison, group)) {
                intervals.emplace_back(*interval, group.name);
              } else {
                out.missing("two or more evaluations of " + group.name + " with " + std::string(name(comparison.cost)));
              }
            }
            std::sort(intervals.begin(), intervals.end());
            if (intervals.size() < 2 || intervals.back().first <= 1.2 * intervals.front().first) return;
            std::vector<std::string> parts;
            for (const auto& [interval, group] : intervals) parts.push_back(group + " every " + cost_text(comparison.cost, interval));
            // At a planned end nothing depends on when else the run was evaluated.
            out.fire(reads_crossings(comparison) ? Severity::kWarning : Severity::kInfo, comparison.workload, join(parts, ", "));
          }};
}

}  // namespace hasten::evaluate::lints
