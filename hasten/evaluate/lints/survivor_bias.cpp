// L31: runs that failed or went missing are not in the mean.
#include "hasten/base/text.h"
#include "hasten/evaluate/lints/lints.h"

namespace hasten::evaluate::lints {

Lint survivor_bias() {
  return {"L31", "survivor-bias", Severity::kError,
          "Dropping the runs that failed makes a fragile method look good.", "MLPerf rules; logs of AlgoPerf v0.5",
          [](const LintInput& input, Check& out) {
            const Comparison& comparison = input.comparison;
            for (const Group& group : comparison.groups) {
              std::vector<std::string> lost;
              std::optional<int64_t> planned;
              for (const Point& point : group.points) {
                for (size_t i : point.failed) {
                  lost.push_back(cat(comparison.runs[i].record.id, " (", name(comparison.runs[i].record.status), ")"));
                }
              }
              for (size_t i : group.runs) {
                if (auto here = comparison.runs[i].record.planned_runs) planned = std::max(planned.value_or(0), *here);
              }
              auto found = static_cast<int64_t>(runs_of(comparison, group).size());
              if (!lost.empty()) out.fire(group.name, cat(lost.size(), " without a result: ", join(lost, ", ")));
              if (!planned) {
                out.missing("planned_runs");
              } else if (found < *planned) {
                out.fire(group.name, cat(found, " of ", *planned, " planned runs are here"));
              }
            }
          }};
}

}  // namespace hasten::evaluate::lints
