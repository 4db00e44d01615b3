// L11: a slightly different target gives a very different speedup.
#include <algorithm>
#include <cmath>

#include "hasten/base/text.h"
#include "hasten/evaluate/lints/lints.h"

namespace hasten::evaluate::lints {

Lint target_sensitivity() {
  return {"L11",
          "target-sensitivity",
          Severity::kWarning,
          "Near the plateau a tenth of a point moves the speedup by tens of percent: show the iso-cost gain too.",
          "Portes et al. (arXiv:2206.00832): MixUp 1.10x at 76.5%, 1.40x at 77.0%",
          [](const LintInput& input, Check& out) {
            const Comparison& comparison = input.comparison;
            if (!comparison.target) return out.missing("target");
            double target = *comparison.target;
            // Half a point of a percentage or a share; half a percent of anything else.
            bool share = comparison.metric.direction == Direction::kMaximize;
            double step = share ? (std::abs(target) <= 1 ? 0.005 : 0.5) : 0.005 * std::abs(target);
            for (const Pair& pair : comparison.pairs) {
              const Curve &base = comparison.curves.front(), &method = comparison.curves[pair.method];
              auto middle = speedup_at(base, method, target);
              if (!middle) {
                out.missing("two or more budgets a side around the target");
                continue;
              }
              for (double quality : {target - step, target + step}) {
                auto near = speedup_at(base, method, quality);
                if (!near || std::max(*near / *middle, *middle / *near) <= 1.25) continue;
                out.fire(method.group, cat("the speedup is ", fixed(*middle, 2), "x at ", number(target), " and ",
                                           fixed(*near, 2), "x at ", number(quality)));
              }
            }
          }};
}

}  // namespace hasten::evaluate::lints
