// L16: the crossing lies somewhere in a wide gap between two evaluations.
#include "hasten/base/text.h"
#include "hasten/evaluate/lints/lints.h"

namespace hasten::evaluate::lints {

Lint eval_grid_too_coarse() {
  return {"L16",
          "eval-grid-too-coarse",
          Severity::kWarning,
          "A first crossing is only known to lie between two evaluations; a gap over 5% shows in the ratio.",
          "AlgoPerf v0.5: gaps of up to 16.7%",
          [](const LintInput& input, Check& out) {
            const Comparison& comparison = input.comparison;
            if (!comparison.target) return out.missing("target");
            if (!reads_crossings(comparison)) return out.missing("first crossings (--time-to-target first reads them)");
            for (const Group& group : comparison.groups) {
              for (const Run* run : headline_runs(comparison, group)) {
                auto crossing = first_crossing(*run, comparison.metric, *comparison.target, comparison.cost);
                if (!crossing) continue;
                double gap = (crossing->high - crossing->low) / crossing->high;
                if (gap > 0.05) {
                  out.fire(run->record.id,
                           cat("the target was reached between ", cost_text(comparison.cost, crossing->low), " and ",
                               cost_text(comparison.cost, crossing->high), ", a gap of ", fixed(gap * 100, 1), "%"));
                }
              }
            }
          }};
}

}  // namespace hasten::evaluate::lints
