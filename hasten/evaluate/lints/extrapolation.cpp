// L29: a speedup at a quality that was not measured.
#include "hasten/base/text.h"
#include "hasten/evaluate/lints/lints.h"

namespace hasten::evaluate::lints {

Lint extrapolation() {
  return {
      "L29",
      "extrapolation",
      Severity::kError,
      "Nothing is known outside the measured budgets; slopes do not continue.",
      "our own rule: such values are null",
      [](const LintInput& input, Check& out) {
        const Comparison& comparison = input.comparison;
        auto target = input.claim && input.claim->target ? input.claim->target : comparison.target;
        if (!target) return out.missing("target");
        for (size_t i = 0; i < comparison.curves.size(); ++i) {
          auto upper = envelope(comparison.curves[i]);
          const std::string& group = comparison.curves[i].group;
          if (reads_crossings(comparison)) {
            // Within runs the whole trajectory is measured; only the end bounds what is known.
            if (!upper.empty() && target_missed(comparison, comparison.groups[i], *target)) {
              out.fire(group, cat("no run reaches ", number(*target)));
            }
            continue;
          }
          if (upper.empty()) {
            out.missing("quality and " + std::string(name(comparison.cost)) + " of " + group);
          } else if (!reaches(upper.back().quality, *target, comparison.metric.direction)) {
            out.fire(group, cat("the target ", number(*target), " lies beyond the best measured mean, ",
                                significant(upper.back().quality, 5)));
          } else if (upper.size() > 1 && advantage(*target, upper.front().quality, comparison.metric.direction) < 0) {
            out.fire(group, cat("the target ", number(*target), " lies below the least measured budget, which reaches ",
                                significant(upper.front().quality, 5)));
          }
        }
      }};
}

}  // namespace hasten::evaluate::lints
