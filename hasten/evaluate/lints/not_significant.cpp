// L06: the difference, or the target, is not significantly reached.
#include "hasten/base/text.h"
#include "hasten/evaluate/lints/lints.h"

namespace hasten::evaluate::lints {

Lint not_significant() {
  return {"L06",
          "not-significant",
          Severity::kError,
          "An interval that contains 1, or a mean that passes the target by chance, shows nothing.",
          "rules of modded-nanogpt (p < 0.01 that the mean passes)",
          [](const LintInput& input, Check& out) {
            const Comparison& comparison = input.comparison;
            double alpha = input.claim && input.claim->alpha ? *input.claim->alpha : comparison.options.alpha;
            for (const Pair& pair : comparison.pairs) {
              const Group& method = comparison.groups[pair.method];
              if (!pair.time_to_target || !pair.time_to_target->has_interval) {
                out.missing("two or more runs a side that reach the target");
                continue;
              }
              const stats::Ratio& ratio = *pair.time_to_target;
              // One-sided: that the method is no faster.
              double p = ratio.geometric > 1 ? ratio.p_two_sided / 2 : 1 - ratio.p_two_sided / 2;
              bool claimed = input.claim && (input.claim->method.empty() || input.claim->method == method.name);
              if (ratio.low <= 1 && ratio.high >= 1) {
                out.fire(method.name, cat("the interval of the speedup, ", fixed(ratio.low, 3), " to ",
                                          fixed(ratio.high, 3), ", contains 1"));
              } else if (claimed && input.claim->alpha && p >= alpha) {
                out.fire(method.name,
                         cat("it is faster with p = ", significant(p, 2), ", not below the claim's ", alpha));
              }
            }
            if (comparison.variant != Variant::kPlanned || comparison.target_from_baseline) return;
            for (const Group& group : comparison.groups) {
              const auto& check = group.points[group.headline].target;
              if (!check || !check->mean_reaches) continue;
              if (!check->p) {
                out.missing("two or more runs of " + group.name);
              } else if (*check->p >= alpha) {
                out.fire(group.name, cat("its mean passes the target, but with p = ", significant(*check->p, 2),
                                         ", not below ", alpha));
              }
            }
          }};
}

}  // namespace hasten::evaluate::lints
