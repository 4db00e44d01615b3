// L07: several hypotheses, tested as if there were one.
#include <algorithm>
#include <set>

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
            if (input.claim && input.claim->corrected) return;
            std::set<double> targets(comparison.options.targets.begin(), comparison.options.targets.end());
            if (comparison.target) targets.insert(*comparison.target);
            size_t hypotheses = comparison.pairs.size() * std::max<size_t>(targets.size(), 1);
            if (hypotheses < 2) return;
            std::vector<double> p;
            std::vector<std::string> methods;
            for (const Pair& pair : comparison.pairs) {
              if (!pair.time_to_target || !pair.time_to_target->has_interval) {
                out.missing("two or more runs a side that reach the target");
                continue;
              }
              p.push_back(pair.time_to_target->p_two_sided);
              methods.push_back(comparison.groups[pair.method].name);
            }
            // Speedups at further targets have intervals, but no p: they count as looks without effect.
            std::vector<double> all = p;
            all.resize(hypotheses, 1);
            std::vector<double> adjusted = stats::holm(all);
            std::string among = cat(hypotheses, " hypotheses (methods x targets: ", comparison.pairs.size(), " x ",
                                    hypotheses / comparison.pairs.size(), ")");
            for (size_t i = 0; i < p.size(); ++i) {
              if (p[i] >= comparison.options.alpha) continue;
              out.fire(methods[i], cat("one of ", among, ", differs with p = ", significant(p[i], 2),
                                       ", corrected for their number (Holm) ", significant(adjusted[i], 2),
                                       adjusted[i] < comparison.options.alpha ? "" : ": no longer"));
            }
          }};
}

}  // namespace hasten::evaluate::lints
