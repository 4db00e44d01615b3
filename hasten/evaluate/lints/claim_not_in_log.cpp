// L34: the logs give another number than the claim.
#include <cmath>

#include "hasten/base/text.h"
#include "hasten/evaluate/lints/lints.h"

namespace hasten::evaluate::lints {

Lint claim_not_in_log() {
  return {
      "L34",
      "claim-not-in-log",
      Severity::kError,
      "A number that its own logs do not give is not a result.",
      "21 of 80 times in the README of modded-nanogpt",
      [](const LintInput& input, Check& out) {
        const Comparison& comparison = input.comparison;
        for (const Pair* pair : claimed_pairs(input, out)) {
          const Group& method = comparison.groups[pair->method];
          const Point& point = method.points[method.headline];
          if (input.claim->quality) {
            if (!point.quality) {
              out.missing("quality of " + method.name);
            } else if (std::abs(*input.claim->quality - point.quality->mean) > 0.01 * std::abs(point.quality->mean)) {
              out.fire(method.name, cat("the claim says ", number(*input.claim->quality), ", its runs have a mean of ",
                                        significant(point.quality->mean, 5)));
            }
          }
          if (!input.claim->speedup) continue;
          auto measured = claimed_ratio(input, *pair);
          if (!measured) {
            out.missing(cat(label(input.claim->cost), " to the target on both sides"));
          } else if (std::abs(*input.claim->speedup / *measured - 1) > 0.01) {
            out.fire(method.name, cat("the claim says ", fixed(*input.claim->speedup, 3), "x in ",
                                      label(input.claim->cost), ", the logs give ", fixed(*measured, 3), "x"));
          }
        }
      }};
}

}  // namespace hasten::evaluate::lints
