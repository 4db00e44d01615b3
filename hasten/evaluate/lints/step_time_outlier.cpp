// L21: identical runs differ in speed.
#include <algorithm>

#include "hasten/base/text.h"
#include "hasten/evaluate/lints/lints.h"
#include "hasten/stats/moments.h"

namespace hasten::evaluate::lints {

Lint step_time_outlier() {
  return {
      "L21",
      "step-time-outlier",
      Severity::kError,
      "The same settings at another speed mean that something else, such as the loader or a neighbour, was measured.",
      "AlgoPerf v0.6: up to 30x between studies",
      [](const LintInput& input, Check& out) {
        const Comparison& comparison = input.comparison;
        for (const Group& group : comparison.groups) {
          std::map<std::pair<std::string, std::string>, std::vector<std::pair<double, std::string>>> same;
          bool known = false;
          for (const Run* run : runs_of(comparison, group)) {
            auto steps = seconds_per_step(*run);
            if (run->record.recipe_hash.empty() || steps.empty()) continue;
            known = true;
            same[{run->record.recipe_hash, budget_name(run->record)}].emplace_back(stats::median(std::move(steps)),
                                                                                   run->record.id);
          }
          if (!known) out.missing("recipe_hash, and step with t_train in the events");
          for (auto& [settings, runs] : same) {
            auto [fast, slow] = std::minmax_element(runs.begin(), runs.end());
            double ratio = slow->first / fast->first;
            if (!(ratio > 1.25)) continue;
            out.fire(ratio > 1.5 ? Severity::kError : Severity::kWarning, group.name,
                     cat("the same settings take ", significant(fast->first, 4), " s a step in ", fast->second, " and ",
                         significant(slow->first, 4), " s in ", slow->second, ", ", fixed(ratio, 2), " times as much"));
          }
        }
      }};
}

}  // namespace hasten::evaluate::lints
