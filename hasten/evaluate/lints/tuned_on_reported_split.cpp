// L13: the split that picked the settings is the one that is reported.
#include "hasten/base/text.h"
#include "hasten/evaluate/lints/lints.h"

namespace hasten::evaluate::lints {

Lint tuned_on_test() {
  return {"L13",
          "tuned-on-test",
          Severity::kWarning,
          "Quality on the split that chose the settings, or stopped the run, is too good; say so.",
          "common practice; DAWNBench and airbench name the test set as their target",
          [](const LintInput& input, Check& out) {
            const std::string& split = input.comparison.metric.split;
            for (const Group& group : input.comparison.groups) {
              std::set<std::string> seen;
              bool known = false;
              for (const Run* run : runs_of(input.comparison, group)) {
                const Tuning& tuning = run->record.tuning;
                std::string evaluated;
                for (const Dataset& data : run->record.data) {
                  if (data.use == "eval") evaluated = data.hash;
                }
                known = known || !tuning.selected_on.empty() || tuning.trials.value_or(0) == 1;
                if (!tuning.selected_on.empty() && tuning.selected_on == split)
                  seen.insert("its settings were chosen on " + split);
                for (const Dataset& data : run->record.data) {
                  if (data.use != "tune") continue;
                  known = true;
                  bool same = !evaluated.empty() ? data.hash == evaluated : data.split == split;
                  if (same) seen.insert("data used for tuning or early stopping is the " + split + " data");
                }
              }
              for (const std::string& message : seen) out.fire(group.name, message);
              if (!known) out.missing("tuning.selected_on");
            }
          }};
}

}  // namespace hasten::evaluate::lints
