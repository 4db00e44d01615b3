// L39: a table of costs that does not grow with size.
#include "hasten/base/text.h"
#include "hasten/evaluate/lints/lints.h"

namespace hasten::evaluate::lints {

Lint cost_table() {
  return {"L39",
          "cost-table-not-monotone",
          Severity::kError,
          "A typing error in a cost table shifts every budget counted with it.",
          "Kaddour et al., No Train No Gain: the entry of 7 layers",
          [](const LintInput& input, Check& out) {
            if (input.cost_table.empty()) return out.missing("a cost table (--cost-table)");
            for (const CostTableDefect& defect : check_cost_table(input.cost_table)) {
              out.fire(cat("size ", number(defect.size)),
                       cat("costs ", number(defect.cost), ", where its neighbours suggest ",
                           significant(defect.expected, 3)));
            }
          }};
}

}  // namespace hasten::evaluate::lints
