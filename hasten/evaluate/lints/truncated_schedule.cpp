// L08: quality read from a run whose schedule had not ended.
#include <algorithm>

#include "hasten/base/text.h"
#include "hasten/evaluate/lints/lints.h"

namespace hasten::evaluate::lints {

Lint truncated_schedule() {
  return {
      "L08",
      "truncated-schedule",
      Severity::kError,
      "A learning rate that has not decayed hides quality: only a run whose schedule was planned for its length tells.",
      "Kaddour et al., No Train No Gain; Wen et al. (arXiv:2509.02046)",
      [](const LintInput& input, Check& out) {
            // Where crossings are read, runs stop at their target by rule; L09 is about that.
        if (reads_crossings(input.comparison)) return;
        for (const Group& group : input.comparison.groups) {
          for (const Run* run : headline_runs(input.comparison, group)) {
            const RunRecord& record = run->record;
            auto steps = run_cost(*run, Cost::kSteps);
            double peak = 0;
            std::optional<double> last;
            std::optional<int64_t> from, to;
            for (const EventRecord& event : run->events) {
              if (!event.lr) continue;
              peak = std::max(peak, *event.lr);
              if (!last) from = event.step;
              last = event.lr;
              to = event.step;
            }
            // A log that begins in the second half of a run does not show the peak.
            const bool shows_peak = !from || !to || 2 * *from <= *to;
            bool has_plan = record.planned.steps && steps,
                 has_trace = last && peak > 0 && shows_peak && record.final_lr_fraction;
            if (!has_plan && !has_trace) {
              out.missing(last && !shows_peak ? "lr in the events of the first half of the run"
                                              : "planned.steps, or lr in the events with final_lr_fraction");
            }
                // Half a step of slack: budgets in epochs or seconds need not be whole steps.
            if (has_plan && *steps + 0.5 < *record.planned.steps) {
              out.fire(record.id, cat("stopped at step ", *steps, " of ", *record.planned.steps));
            } else if (has_trace && *last / peak > *record.final_lr_fraction + 0.05) {
              out.fire(record.id,
                       cat("the learning rate ends at ", fixed(*last / peak * 100, 1),
                           "% of its peak, its schedule at ", fixed(*record.final_lr_fraction * 100, 1), "%"));
            }
          }
        }
      }};
}

}  // namespace hasten::evaluate::lints
