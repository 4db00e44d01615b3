// L25: passes that the unit of cost does not see.
#include "hasten/base/text.h"
#include "hasten/evaluate/lints/lints.h"
#include "hasten/stats/moments.h"

namespace hasten::evaluate::lints {

Lint extra_forward() {
  return {"L25",
          "extra-forward-uncharged",
          Severity::kError,
          "A step with two forward passes is not the same step.",
          "Kaddour et al., No Train No Gain; Sophia",
          [](const LintInput& input, Check& out) {
            const Comparison& comparison = input.comparison;
            Cost cost = input.claim ? input.claim->cost : comparison.cost;
            if (cost != Cost::kSteps && cost != Cost::kSamples && cost != Cost::kTokens) return;
            for (const Group& group : comparison.groups) {
              stats::Moments forwards, backwards;
              for (const Run* run : headline_runs(comparison, group)) {
                if (run->record.forwards_per_step) forwards.add(*run->record.forwards_per_step);
                if (run->record.backwards_per_step) backwards.add(*run->record.backwards_per_step);
              }
              if (forwards.n == 0 || backwards.n == 0) {
                out.missing("forwards_per_step and backwards_per_step");
              } else if (forwards.mean > 1.01 || backwards.mean > 1.01) {
                out.fire(group.name, cat(fixed(forwards.mean, 2), " forward and ", fixed(backwards.mean, 2),
                                         " backward passes a step, but the cost is counted in ", label(cost)));
              }
            }
          }};
}

}  // namespace hasten::evaluate::lints
