// L37: the result depends on the order of files.
#include "hasten/base/text.h"
#include "hasten/evaluate/lints/board.h"
#include "hasten/evaluate/lints/lints.h"

namespace hasten::evaluate::lints {

Lint ambiguous_order() {
  return {"L37",
          "ambiguous-order",
          Severity::kError,
          "A tie that is broken by a directory listing is broken by chance.",
          "AlgoPerf v0.6: .4590 or .4716",
          [](const LintInput& input, Check& out) {
            if (input.board.empty()) return out.missing("results on several workloads");
            BoardTable board = board_table(input.board);
            auto least = score_profiles(board.least), most = score_profiles(board.most);
            for (size_t s = 0; s < board.least.submissions.size(); ++s) {
              if (least.trapezoid[s] == most.trapezoid[s]) continue;
              out.fire(board.least.submissions[s],
                       cat("its score is ", fixed(least.trapezoid[s], 4), " or ", fixed(most.trapezoid[s], 4),
                           ", by the order of trials that tie: ", join(board.ties, "; ")));
            }
          }};
}

}  // namespace hasten::evaluate::lints
