// L10: the target was chosen after the runs.
#include <cmath>

#include "hasten/base/text.h"
#include "hasten/evaluate/lints/lints.h"

namespace hasten::evaluate::lints {

Lint posthoc_target() {
  return {"L10",
          "posthoc-target",
          Severity::kError,
          "A target picked after seeing the curves can be put where the method shines.",
          "AlgoPerf and DAWNBench fix theirs beforehand",
          [](const LintInput& input, Check& out) {
            const Comparison& comparison = input.comparison;
            if (comparison.target_from_baseline) {
              out.fire(comparison.workload, "no target was declared: the baseline's own quality was taken");
              return;
            }
            std::string declared = input.claim ? input.claim->declared_at : "", first;
            for (const Run& run : comparison.runs) {
              if (declared.empty()) declared = run.record.metric.target_declared_at;
              if (!run.record.started_at.empty() && (first.empty() || run.record.started_at < first))
                first = run.record.started_at;
            }
            if (declared.empty()) out.missing("metric.target_declared_at, or declared_at of a claim");
            if (first.empty()) out.missing("started_at");
            // ISO dates sort as text; a day without a time counts from its beginning.
            if (!declared.empty() && !first.empty() && declared > first) {
              out.fire(comparison.workload,
                       cat("the target was declared at ", declared, ", the first run started at ", first));
            }
            if (!comparison.target) return;
            for (const Pair& pair : comparison.pairs) {
              const Curve& curve = comparison.curves[pair.method];
              auto upper = envelope(curve);
              // A mean need not be the typed number to the last digit.
              if (!upper.empty() &&
                  std::abs(upper.back().quality - *comparison.target) <= 1e-9 * std::abs(*comparison.target)) {
                out.fire(curve.group, "the target equals the best quality of the method's own curve");
              }
            }
          }};
}

}  // namespace hasten::evaluate::lints
