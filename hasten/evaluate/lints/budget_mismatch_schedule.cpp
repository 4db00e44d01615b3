// L09: runs planned for different budgets are compared at the same point of the way.
#include "hasten/base/text.h"
#include "hasten/evaluate/lints/lints.h"

namespace hasten::evaluate::lints {

Lint budget_mismatch_schedule() {
  return {"L09",
          "budget-mismatch-schedule",
          Severity::kError,
          "At an intermediate point the run with the longer schedule still has a high learning rate.",
          "Fast Benchmarking (arXiv:2206.00832)",
          [](const LintInput& input, Check& out) {
            const Comparison& comparison = input.comparison;
            if (!reads_crossings(comparison)) return;
            auto planned = [&](const Group& group) {
              std::set<double> lengths;
              for (const Run* run : headline_runs(comparison, group)) {
                if (run->record.planned.steps) lengths.insert(*run->record.planned.steps);
              }
              return lengths;
            };
            auto base = planned(comparison.baseline());
            for (const Pair& pair : comparison.pairs) {
              auto method = planned(comparison.groups[pair.method]);
              if (base.empty() || method.empty()) {
                out.missing("planned.steps");
              } else if (*method.begin() > 1.02 * *base.rbegin() || *base.begin() > 1.02 * *method.rbegin()) {
                out.fire(comparison.groups[pair.method].name,
                         cat("planned for ", number(*method.begin()), " steps, the baseline for ",
                             number(*base.begin()), ", but read where they cross the target"));
              }
            }
          }};
}

}  // namespace hasten::evaluate::lints
