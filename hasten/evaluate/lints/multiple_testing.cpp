// L07: several hypotheses, tested as if there were one.
#include "hasten/base/text.h"
#include "hasten/evaluate/lints/lints.h"

namespace hasten::evaluate::lints {

Lint multiple_testing() {
  return {"L07",
          "multiple-testing",
          Severity::kWarning,
          "Of twenty methods without effect, one passes at 5%.",
          "Holm 1979; our own rule",
          [](const LintInput& input, Check& out) {
            const Comparison& comparison = input.comparison;
            if (input.claim && input.claim->hypotheses > 1 && !input.claim->corrected) {
              out.fire(
                  "", cat("the claim was chosen among ", input.claim->hypotheses, " hypotheses, without a correction"));
              return;
            }
            if (comparison.pairs.size() < 2) return;
            std::vector<double> p;
            for (const Pair& pair : comparison.pairs) {
              if (!pair.time_to_target || !pair.time_to_target->has_interval) {
                out.missing("two or more runs a side that reach the target");
                continue;
              }
              p.push_back(pair.time_to_target->p_two_sided);
            }
            std::vector<double> adjusted = stats::holm(p);
            for (size_t i = 0; i < p.size(); ++i) {
              if (p[i] >= comparison.options.alpha || adjusted[i] < comparison.options.alpha) continue;
              out.fire("", cat("of ", p.size(), " methods one passes with p = ", significant(p[i], 2),
                               ", but corrected for their number (Holm) it is ", significant(adjusted[i], 2)));
            }
          }};
}

}  // namespace hasten::evaluate::lints
