// L43: a clock goes backwards.
#include "hasten/base/text.h"
#include "hasten/evaluate/lints/lints.h"

namespace hasten::evaluate::lints {

Lint clock_not_monotone() {
  return {"L43",
          "clock-not-monotone",
          Severity::kError,
          "Times across a reset or an undeclared restart cannot be subtracted.",
          "logs of modded-nanogpt reset their clock at step 11",
          [](const LintInput& input, Check& out) {
            const Comparison& comparison = input.comparison;
            for (const Group& group : comparison.groups) {
              for (const Run* run : runs_of(comparison, group)) {
                double before = -1;  // of the last timed event since the start or a declared restart
                std::optional<size_t> reset;
                bool timed = false;
                for (size_t i = 0; i < run->events.size(); ++i) {
                  const EventRecord& event = run->events[i];
                  auto time = event.t_train ? event.t_train : event.t_total;
                  if (event.kind == "restart") before = -1;
                  if (!time) continue;
                  timed = true;
                  if (*time < before) reset = i;
                  before = *time;
                }
                if (!timed) out.missing("t_train");
                if (!reset) continue;
                // What is read after the reset alone is sound.
                std::optional<Crossing> crossing;
                if (comparison.target)
                  crossing = first_crossing(*run, comparison.metric, *comparison.target, comparison.cost);
                bool spans = crossing && crossing->event < *reset;
                auto step = run->events[*reset].step;
                out.fire(spans ? Severity::kError : Severity::kWarning, run->record.id,
                         cat("its clock goes back", step ? cat(" at step ", *step) : "", " without a declared restart",
                             spans ? ", and the target was reached before that" : ""));
              }
            }
          }};
}

}  // namespace hasten::evaluate::lints
