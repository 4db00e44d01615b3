// Published scores, as text and JSON.
#pragma once

#include <string>
#include <vector>

#include "hasten/base/json_fwd.h"
#include "hasten/evaluate/scoring/algoperf.h"
#include "hasten/evaluate/scoring/dawnbench.h"
#include "hasten/evaluate/scoring/mlperf.h"
#include "hasten/evaluate/scoring/nanogpt.h"
#include "hasten/evaluate/scoring/score_table.h"

namespace hasten::report {

struct AlgoperfReport {
  evaluate::AlgoperfBoard board;
  std::string baseline;      // for geometric means; "" when the board has no such submission
  bool exact = false;        // rank by the integral itself
  evaluate::TrialRule rule = evaluate::TrialRule::kIndex;
  int64_t resamples = 500;
};
std::string algoperf_text(const AlgoperfReport& report);
Json algoperf_json(const AlgoperfReport& report);

std::string dawnbench_text(const std::vector<evaluate::DawnbenchEntry>& entries);
Json dawnbench_json(const std::vector<evaluate::DawnbenchEntry>& entries);

// Logs of one group are runs of one recipe.
struct NanogptGroup {
  std::string name;
  std::vector<evaluate::NanogptLog> logs;
  evaluate::NanogptFinals finals;
  evaluate::Track1 track1;
  bool track3 = false;
};
std::string nanogpt_text(const std::vector<NanogptGroup>& groups, double target, double alpha);
Json nanogpt_json(const std::vector<NanogptGroup>& groups, double target, double alpha);

std::string mlperf_text(const std::vector<evaluate::MlperfResult>& results);
Json mlperf_json(const std::vector<evaluate::MlperfResult>& results);

struct ScoreTableOptions {
  int64_t resamples = 500;
  double gamma = 1;          // of the optimality gap
  std::vector<double> taus;  // of the profiles; empty: usual_taus
};
std::string score_table_text(const evaluate::ScoreTable& table, const ScoreTableOptions& options);
Json score_table_json(const evaluate::ScoreTable& table, const ScoreTableOptions& options);

}  // namespace hasten::report
