// L24: work outside the run that nobody paid for.
#include "hasten/base/text.h"
#include "hasten/evaluate/lints/lints.h"

namespace hasten::evaluate::lints {

Lint extra_data_or_teacher() {
  return {"L24",
          "extra-data-or-teacher",
          Severity::kError,
          "A teacher, a filter or pre-trained weights cost what they cost.",
          "Kaddour et al., No Train No Gain; MLPerf forbids pre-training",
          [](const LintInput& input, Check& out) {
            bool known = true;
            std::set<std::pair<std::string, std::string>> hits;
            for (const Run& run : input.comparison.runs) {
              // An imported log does not say what there was besides it.
              if (run.record.auxiliary.empty() && !run.record.source.empty()) known = false;
              for (const AuxiliaryCost& work : run.record.auxiliary) {
                double cost = work.seconds.value_or(0) + work.flops.value_or(0) + work.joules.value_or(0) +
                              work.samples.value_or(0) + work.usd.value_or(0);
                if (!work.charged && cost == 0)
                  hits.insert({run.record.group,
                               trim(work.kind + " " + work.name).empty() ? "work" : work.kind + " " + work.name});
              }
            }
            for (const auto& [group, work] : hits) out.fire(group, cat("uses a ", work, " without any declared cost"));
            if (!known) out.missing("auxiliary");
          }};
}

}  // namespace hasten::evaluate::lints
