// L26: the search for settings is not in the number.
#include <algorithm>

#include "hasten/base/text.h"
#include "hasten/evaluate/lints/lints.h"

namespace hasten::evaluate::lints {

Lint tuning_cost_omitted() {
  return {
      "L26",
      "tuning-cost-omitted",
      Severity::kWarning,
      "Whoever has a new problem pays for the search too.",
      "Schwartz et al., Green AI; the self-tuning ruleset of AlgoPerf",
      [](const LintInput& input, Check& out) {
        const Comparison& comparison = input.comparison;
        if (input.claim && input.claim->tuning_included.value_or(false)) return;
        for (const Pair& pair : comparison.pairs) {
          const Group& method = comparison.groups[pair.method];
          std::optional<int64_t> trials;
          for (const Run* run : headline_runs(comparison, method)) {
            if (run->record.tuning.trials) trials = std::max(trials.value_or(0), *run->record.tuning.trials);
          }
          if (!trials) {
            out.missing("tuning.trials");
          } else if (*trials > 1) {
            out.fire(
                method.name,
                cat(*trials, " trials were made to find its settings; with both searches charged the ratio is ",
                    pair.with_tuning ? fixed(*pair.with_tuning, 2) + "x" : "unknown, since tuning.seconds is missing"));
          }
        }
      }};
}

}  // namespace hasten::evaluate::lints
