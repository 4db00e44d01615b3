// L28: a speedup in steps while steps take different times.
#include <algorithm>

#include "hasten/base/text.h"
#include "hasten/evaluate/lints/lints.h"
#include "hasten/stats/moments.h"

namespace hasten::evaluate::lints {

Lint steps_only_claim() {
  return {"L28",
          "steps-only-claim",
          Severity::kWarning,
          "Fewer but slower steps may save nothing.",
          "track 3 of modded-nanogpt names it apart",
          [](const LintInput& input, Check& out) {
            const Comparison& comparison = input.comparison;
            Cost cost = input.claim ? input.claim->cost : comparison.cost;
            if (cost != Cost::kSteps && cost != Cost::kSamples && cost != Cost::kTokens) return;
            auto step_seconds = [&](const Group& group) {
              stats::Moments seconds;
              for (const Run* run : headline_runs(comparison, group)) {
                auto steps = run_cost(*run, Cost::kSteps), train = run_cost(*run, Cost::kTrainSeconds);
                if (steps && train && *steps > 0) seconds.add(*train / *steps);
              }
              return seconds.n > 0 ? std::optional(seconds.mean) : std::nullopt;
            };
            auto base = step_seconds(comparison.baseline());
            for (const Pair& pair : comparison.pairs) {
              auto method = step_seconds(comparison.groups[pair.method]);
              if (!base || !method) {
                out.missing("train seconds and steps");
              } else if (std::max(*base / *method, *method / *base) > 1.02) {
                out.fire(comparison.groups[pair.method].name,
                         cat("counted in ", label(cost), ", but a step takes ", significant(*method, 3),
                             " s, of the baseline ", significant(*base, 3), " s"));
              }
            }
          }};
}

}  // namespace hasten::evaluate::lints
