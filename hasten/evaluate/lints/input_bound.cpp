// L22: the loader decides the speed.
#include "hasten/base/text.h"
#include "hasten/evaluate/lints/lints.h"
#include "hasten/stats/moments.h"

namespace hasten::evaluate::lints {

Lint input_bound() {
  return {"L22",
          "input-bound",
          Severity::kError,
          "A side that waits for data shows the speed of its loader; a method that computes less cannot show.",
          "AlgoPerf #212",
          [](const LintInput& input, Check& out) {
            const Comparison& comparison = input.comparison;
            for (const Group& group : comparison.groups) {
              stats::Moments share;
              for (const Run* run : headline_runs(comparison, group)) {
                auto wait = run->record.executed.loader_wait_s;
                for (const EventRecord& event : run->events) {
                  if (!run->record.executed.loader_wait_s && event.loader_wait) wait = event.loader_wait;
                }
                auto train = run_cost(*run, Cost::kTrainSeconds);
                if (wait && train && *train > 0) share.add(*wait / *train);
              }
              if (share.n == 0) {
                out.missing("loader_wait");
              } else if (share.mean > 0.1) {
                out.fire(group.name, cat("waits for data ", fixed(share.mean * 100, 1), "% of its training time"));
              }
            }
          }};
}

}  // namespace hasten::evaluate::lints
