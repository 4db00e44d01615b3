// L17: the clocks of the sides contain different things.
#include <cmath>

#include "hasten/base/text.h"
#include "hasten/evaluate/lints/lints.h"

namespace hasten::evaluate::lints {

Lint eval_time_inconsistent() {
  return {"L17",
          "eval-time-inconsistent",
          Severity::kError,
          "Seconds with evaluation, checkpoints or compilation inside are other seconds than those without.",
          "MLPerf counts evaluation, DAWNBench does not",
          [](const LintInput& input, Check& out) {
            const Comparison& comparison = input.comparison;
            const std::pair<const char*, std::optional<bool> Clocks::*> parts[] = {
                {"clocks.eval", &Clocks::eval},
                {"clocks.compile", &Clocks::compile},
                {"clocks.checkpoint", &Clocks::checkpoint},
                {"clocks.data", &Clocks::data}};
            for (const auto& [field, member] : parts) {
              compare_field(input, out, field, [member = member](const Run& run) {
                auto value = run.record.clocks.*member;
                return value ? std::string(*value ? "inside" : "outside") : std::string();
              });
            }
            bool known = false;
            for (const Group& group : comparison.groups) {
              for (const Run* run : runs_of(comparison, group)) {
                const Totals& totals = run->record.executed;
                // What the clock contains is not added twice; work that is charged to the run is in its training seconds.
                if (!totals.total_s || !totals.train_s || !totals.eval_s || run->record.clocks.eval.value_or(true) ||
                    *totals.total_s < 1)
                  continue;
                known = true;
                const double parts_s = *totals.train_s + *totals.eval_s + totals.logging_s.value_or(0) +
                                       totals.checkpoint_s.value_or(0) + totals.startup_s.value_or(0);
                double unexplained = (*totals.total_s - parts_s) / *totals.total_s;
                if (std::abs(unexplained) <= 0.02) continue;
                out.fire(run->record.id, cat(fixed(unexplained * 100, 1),
                                             "% of its total seconds are in neither training nor evaluation"));
              }
            }
            if (!known) out.missing("executed.total_s, train_s and eval_s");
          }};
}

}  // namespace hasten::evaluate::lints
