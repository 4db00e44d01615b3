// L42: a change that should not matter converges faster.
#include "hasten/base/text.h"
#include "hasten/evaluate/lints/lints.h"
#include "hasten/evaluate/scoring/mlperf.h"
#include "hasten/stats/moments.h"

namespace hasten::evaluate::lints {

Lint convergence_too_good() {
  return {"L42",
          "convergence-too-good",
          Severity::kWarning,
          "If kernels or layout change the number of steps, the mathematics changed.",
          "MLPerf reference convergence points",
          [](const LintInput& input, Check& out) {
            if (!input.claim) return out.missing("a claim that says whether the change is neutral");
            if (!input.claim->neutral) return;
            const Comparison& comparison = input.comparison;
            if (!comparison.target) return out.missing("target");
            auto steps = [&](const Group& group) {
              std::vector<double> found;
              for (const Run* run : headline_runs(comparison, group)) {
                if (auto crossing = first_crossing(*run, comparison.metric, *comparison.target, Cost::kSteps))
                  found.push_back(crossing->high);
              }
              return found;
            };
            std::vector<double> base = steps(comparison.baseline());
            for (const Pair& pair : comparison.pairs) {
              std::vector<double> method = steps(comparison.groups[pair.method]);
              if (base.size() < 2 || method.size() < 2) {
                out.missing("steps of two or more runs a side that reach the target");
                continue;
              }
              auto limit = check_convergence({{1, base}}, 1, method);
              bool too_fast = limit ? limit->too_fast : stats::pooled_t(method, base).p_less < 0.05;
              if (!too_fast) continue;
              out.fire(
                  comparison.groups[pair.method].name,
                  cat("said to be neutral, but reaches the target after ", significant(stats::moments(method).mean, 4),
                      " steps, the baseline after ", significant(stats::moments(base).mean, 4)));
            }
          }};
}

}  // namespace hasten::evaluate::lints
