// L38: a mean contains numbers put in for misses.
#include <cmath>

#include "hasten/base/text.h"
#include "hasten/evaluate/lints/board.h"
#include "hasten/evaluate/lints/lints.h"

namespace hasten::evaluate::lints {

Lint inf_handling() {
  return {"L38",
          "inf-handling",
          Severity::kWarning,
          "A target that was missed has no time; what is put in its place decides the mean.",
          "AlgoPerf: ResNet counts as ratio 1 where both sides fail",
          [](const LintInput& input, Check& out) {
            if (input.board.empty()) return out.missing("results on several workloads");
            BoardTable board = board_table(input.board);
            const TimeTable& table = board.least;
            for (size_t s = 0; s < table.submissions.size(); ++s) {
              size_t missed = 0;
              for (double time : table.time[s]) missed += std::isfinite(time) ? 0 : 1;
              if (missed > 0) {
                out.fire(table.submissions[s], cat("misses the target on ", missed, " of ", table.workloads.size(),
                                                   " workloads: a mean over all of them imputes these"));
              }
            }
          }};
}

}  // namespace hasten::evaluate::lints
