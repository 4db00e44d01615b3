// Aggregates of score tables.
#include "hasten/evaluate/scoring/score_table.h"

#include <algorithm>
#include <cmath>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/evaluate/importers/csv.h"

namespace hasten::evaluate {
namespace {

size_t index_in(std::vector<std::string>& names, std::string_view name) {
  auto found = std::find(names.begin(), names.end(), name);
  if (found != names.end()) return static_cast<size_t>(found - names.begin());
  names.emplace_back(name);
  return names.size() - 1;
}

}  // namespace

ScoreTable read_score_table(const std::filesystem::path& path) {
  CsvReader csv(path);
  auto method = csv.column("method"), task = csv.column("task"), score = csv.column("score");
  if (!method || !task || !score) {
    throw DataError(path.string(), "line 1",
                    "expected the columns method, task and score, got " + join(csv.header(), ", "));
  }
  ScoreTable table;
  std::vector<std::string_view> cells;
  while (csv.next(cells)) {
    auto value = parse_number(cells[*score]);
    if (!value || !std::isfinite(*value))
      throw DataError(path.string(), cat("line ", csv.line()), "the score is no finite number");
    size_t m = index_in(table.methods, trim(cells[*method])), t = index_in(table.tasks, trim(cells[*task]));
    table.scores.resize(table.methods.size());
    for (auto& tasks : table.scores) tasks.resize(table.tasks.size());
    table.scores[m][t].push_back(*value);
  }
  if (table.methods.empty()) throw DataError(path.string(), "", "no rows below the header");
  for (size_t m = 0; m < table.methods.size(); ++m) {
    for (size_t t = 0; t < table.tasks.size(); ++t) {
      if (!table.scores[m][t].empty()) continue;
      throw DataError(path.string(), "", cat(table.methods[m], " has no score on ", table.tasks[t]),
                      "aggregates over different tasks cannot be compared; put the worst score where a run failed");
    }
  }
  return table;
}

std::vector<MethodScores> aggregate(const ScoreTable& table, const stats::BootstrapOptions& options) {
  std::vector<MethodScores> all;
  for (size_t m = 0; m < table.methods.size(); ++m) {
    const stats::TaskScores& scores = table.scores[m];
    MethodScores one;
    one.method = table.methods[m];
    one.iqm = stats::aggregate_interval(scores, stats::interquartile_mean, options);
    one.mean = stats::aggregate_interval(scores, stats::mean_over_tasks, options);
    one.median = stats::aggregate_interval(scores, stats::median_over_tasks, options);
    one.optimality_gap =
        stats::aggregate_interval(scores, [](const stats::TaskScores& s) { return stats::optimality_gap(s); }, options);
    all.push_back(std::move(one));
  }
  return all;
}

std::vector<Improvement> improvements(const ScoreTable& table, const stats::BootstrapOptions& options) {
  std::vector<Improvement> all;
  for (size_t a = 0; a < table.methods.size(); ++a) {
    for (size_t b = 0; b < table.methods.size(); ++b) {
      if (a == b) continue;
      all.push_back(
          {table.methods[a], table.methods[b], stats::improvement_interval(table.scores[a], table.scores[b], options)});
    }
  }
  return all;
}

}  // namespace hasten::evaluate
