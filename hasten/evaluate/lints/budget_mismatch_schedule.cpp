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
            auto planned = [&](const Group& group, const LengthUnit& unit) {
              std::set<double> lengths;
              for (const Run* run : headline_runs(comparison, group)) {
                if (auto length = run->record.planned.*unit.planned) lengths.insert(*length);
              }
              return lengths;
            };
            for (const Pair& pair : comparison.pairs) {
              const Group& method = comparison.groups[pair.method];
              bool known = false;
              for (const LengthUnit& unit : kLengthUnits) {
                auto base = planned(comparison.baseline(), unit), other = planned(method, unit);
                if (base.empty() || other.empty()) continue;
                known = true;
                if (*other.begin() <= 1.02 * *base.rbegin() && *base.begin() <= 1.02 * *other.rbegin()) continue;
                out.fire(method.name, cat("planned for ", number(*other.begin()), " ", unit.name, ", the baseline for ",
                                          number(*base.begin()), ", but read where they cross the target"));
                break;
              }
              if (!known) out.missing("planned.steps (or epochs, samples, tokens)");
            }
          }};
}

}  // namespace hasten::evaluate::lints
