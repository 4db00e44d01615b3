// L11: a slightly different target gives a very different speedup.
#include <algorithm>
#include <cmath>

#include "hasten/base/text.h"
#include "hasten/evaluate/lints/lints.h"

namespace hasten::evaluate::lints {
namespace {

// The targets within `step` at which the speedup may be extreme: between the measured points of both sides its
// logarithm runs straight, so these are the points, and the ends of what both sides measured there.
std::vector<double> targets_around(const Curve& base, const Curve& method, double target, double step) {
  std::vector<EnvelopePoint> left = envelope(base), right = envelope(method);
  auto [low, high] = std::pair(target - step, target + step);
  std::vector<double> found;
  for (const auto* side : {&left, &right}) {
    auto [least, most] = std::minmax(side->front().quality, side->back().quality);
    low = std::max(low, least);
    high = std::min(high, most);
    for (const EnvelopePoint& point : *side) {
      if (std::abs(point.quality - target) <= step) found.push_back(point.quality);
    }
  }
  found.insert(found.end(), {low, high});
  return found;
}

}  // namespace

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
              double most = 1.25, there = 0, farthest = 0;
              for (double quality : targets_around(base, method, target, step)) {
                auto near = speedup_at(base, method, quality);
                double change = near ? std::max(*near / *middle, *middle / *near) : 0;
                if (change <= most) continue;
                most = change;
                there = quality;
                farthest = *near;
              }
              if (farthest == 0) continue;
              out.fire(method.group, cat("the speedup is ", fixed(*middle, 2), "x at ", number(target), " and ",
                                         fixed(farthest, 2), "x at ", significant(there, 5)));
            }
          }};
}

}  // namespace hasten::evaluate::lints
