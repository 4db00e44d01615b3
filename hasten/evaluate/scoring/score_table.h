// A table of scores (a row a run) and its aggregate metrics with intervals.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "hasten/stats/rank.h"

namespace hasten::evaluate {

struct ScoreTable {
  std::vector<std::string> methods, tasks;
  std::vector<stats::TaskScores> scores;  // [method][task][run]
};

// A CSV with columns method, task, score (and any others, such as seed). Throws DataError for a row without a number and
// for a method that lacks a task.
ScoreTable read_score_table(const std::filesystem::path& path);

struct MethodScores {
  std::string method;
  stats::Interval iqm, mean, median, optimality_gap;
};
// `gamma`: the score from which on the optimality gap sees no lack.
std::vector<MethodScores> aggregate(const ScoreTable& table, const stats::BootstrapOptions& options, double gamma = 1);

// Where profiles are read: 0.1, 0.25, 0.5, 0.75 and 0.9 of scores that all lie in [0, 1], else up to a dozen round numbers
// from the least score to the greatest.
std::vector<double> usual_taus(const ScoreTable& table);

struct Improvement {
  std::string method, over;
  stats::Interval probability;
};
std::vector<Improvement> improvements(const ScoreTable& table,
                                      const stats::BootstrapOptions& options);  // every ordered pair

}  // namespace hasten::evaluate
