// L36: who takes part changes who wins.
#include "hasten/base/text.h"
#include "hasten/evaluate/lints/board.h"
#include "hasten/evaluate/lints/lints.h"

namespace hasten::evaluate::lints {

Lint pool_dependent_score() {
  return {"L36",
          "pool-dependent-score",
          Severity::kWarning,
          "Scores relative to the best of a pool change when an irrelevant entry leaves.",
          "AlgoPerf v0.5: without its 8th entry the first two swap",
          [](const LintInput& input, Check& out) {
            if (input.board.empty()) return out.missing("results on several workloads");
            BoardTable board = board_table(input.board);
            if (board.least.submissions.size() < 3) return;
            auto scores = score_profiles(board.least).trapezoid;
            auto order = ranking(board.least.submissions, scores);
            for (size_t gone = 0; gone < board.least.submissions.size(); ++gone) {
              TimeTable rest = without_submission(board.least, gone);
              auto rest_scores = score_profiles(rest).trapezoid;
              auto rest_order = ranking(rest.submissions, rest_scores);
              std::vector<std::string> before, after;
              for (size_t s : order) {
                if (s != gone) before.push_back(board.least.submissions[s]);
              }
              for (size_t s : rest_order) after.push_back(rest.submissions[s]);
              if (before.front() == after.front()) continue;  // a claim is about who wins
              out.fire("", cat("without ", board.least.submissions[gone], " the first place goes from ", before.front(),
                               " to ", after.front(), " (", fixed(rest_scores[rest_order[0]], 4), " against ",
                               fixed(rest_scores[rest_order[1]], 4), ")"));
            }
          }};
}

}  // namespace hasten::evaluate::lints
