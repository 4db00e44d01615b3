// L40: points of cyclic schedules stand against points of standard ones.
#include "hasten/base/text.h"
#include "hasten/evaluate/lints/lints.h"

namespace hasten::evaluate::lints {

Lint cyclic_standard_mix() {
  return {"L40",
          "cyclic-standard-mix",
          Severity::kError,
          "Reading several budgets off one run with restarts is biased, and differently for each method.",
          "Portes et al. (arXiv:2206.00832)",
          [](const LintInput& input, Check& out) {
            const Comparison& comparison = input.comparison;
            std::map<PointKind, std::set<std::string>> kinds;
            for (const Group& group : comparison.groups) {
              for (const Point& point : group.points) kinds[point.kind].insert(group.name);
            }
            if (kinds.size() < 2) return;
            auto names = [&](PointKind kind) { return join({kinds[kind].begin(), kinds[kind].end()}, ", "); };
            out.fire("", cat("cyclic points of ", names(PointKind::kCyclic), " against standard ones of ",
                             names(PointKind::kStandard)));
          }};
}

}  // namespace hasten::evaluate::lints
