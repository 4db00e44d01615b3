// L08: quality read from a run whose schedule had not ended.
#include <algorithm>

#include "hasten/base/text.h"
#include "hasten/evaluate/lints/lints.h"

namespace hasten::evaluate::lints {
namespace {

struct PlannedLength {
  std::string_view unit;
  double planned = 0, executed = 0;
  double slack = 0;  // budgets in epochs or seconds need not be whole steps, nor batches fill an epoch
};

// In the first unit that is known of both.
std::optional<PlannedLength> planned_and_executed(const Run& run) {
  for (const LengthUnit& unit : kLengthUnits) {
    auto planned = run.record.planned.*unit.planned, executed = executed_length(run, unit);
    if (!planned || !executed) continue;
    return PlannedLength{unit.name, *planned, *executed, unit.logged ? 0.005 * *planned : 0.5};
  }
  return std::nullopt;
}

}  // namespace

Lint truncated_schedule() {
  return {
      "L08",
      "truncated-schedule",
      Severity::kError,
      "A learning rate that has not decayed hides quality: only a run whose schedule was planned for its length tells.",
      "Kaddour et al., No Train No Gain; Wen et al. (arXiv:2509.02046)",
      [](const LintInput& input, Check& out) {
        // Where crossings are read, runs stop at their target by rule.
        if (reads_crossings(input.comparison))
          return out.missing("quality at the planned end (crossings are read; L09 is about those)");
        for (const Group& group : input.comparison.groups) {
          for (const Run* run : headline_runs(input.comparison, group)) {
            const RunRecord& record = run->record;
            auto plan = planned_and_executed(*run);
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
            bool has_trace = last && peak > 0 && shows_peak && record.final_lr_fraction;
            if (!plan && !has_trace) {
              out.missing(last && !shows_peak ? "lr in the events of the first half of the run"
                                              : "planned.steps (or epochs, samples, tokens) with what was executed, or "
                                                "lr in the events with final_lr_fraction");
            }
            if (plan && plan->executed + plan->slack < plan->planned) {
              out.fire(record.id,
                       cat("stopped after ", number(plan->executed), " of ", number(plan->planned), " ", plan->unit));
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
