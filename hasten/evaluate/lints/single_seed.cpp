// L04: too few seeds.
#include "hasten/base/text.h"
#include "hasten/evaluate/lints/lints.h"

namespace hasten::evaluate::lints {

Lint single_seed() {
  return {"L04",
          "single-seed",
          Severity::kError,
          "A claim is about the mean over seeds: three are the least for a hint, five for a headline.",
          "Agarwal et al. (arXiv:2108.13264); rules of modded-nanogpt",
          [](const LintInput& input, Check& out) {
            const Comparison& comparison = input.comparison;
            std::set<size_t> counts;
            for (const Group& group : comparison.groups) {
              if (runs_of(comparison, group).empty()) continue;
              size_t n = group.points[group.headline].runs.size();
              counts.insert(n);
              std::string runs = cat(n, n == 1 ? " run" : " runs");
              if (n < 3) out.fire(group.name, cat(runs, ", expected at least 3"));
              if (n >= 3 && n < 5)
                out.fire(Severity::kWarning, group.name, cat(runs, ": enough for a hint, not for a headline (5)"));
            }
            if (counts.size() > 1 && *counts.begin() < 2)
              out.fire("", "the sides have unequal numbers of runs, and one cannot be tested");
          }};
}

}  // namespace hasten::evaluate::lints
