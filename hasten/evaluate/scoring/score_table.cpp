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

std::vector<double> usual_taus(const ScoreTable& table) {
  double low = HUGE_VAL, high = -HUGE_VAL;
  for (const stats::TaskScores& tasks : table.scores) {
    for (const auto& runs : tasks) {
      for (double score : runs) {
        low = std::min(low, score);
        high = std::max(high, score);
      }
    }
  }
  if (low >= 0 && high <= 1) return {0.1, 0.25, 0.5, 0.75, 0.9};
  if (low == high) return {low};
  // The next 1, 2 or 5 times a power of ten above a tenth of the range: 5 to 11 multiples of it.
  double tenth = high / 10 - low / 10, power = std::floor(std::log10(tenth));
  double times = tenth / std::pow(10, power);
  times = times <= 1 ? 1 : times <= 2 ? 2 : times <= 5 ? 5 : 10;
  double scale = std::pow(10, std::abs(power));
  // Divided by a power of ten, 0.3 is 0.3.
  auto multiple = [&](double k) { return power < 0 ? k * times / scale : k * times * scale; };
  std::vector<double> taus;
  for (double k = std::floor(low / multiple(1)); multiple(k) <= high && taus.size() < 12; ++k)
    taus.push_back(multiple(k));
  return taus;
}

std::vector<MethodScores> aggregate(const ScoreTable& table, const stats::BootstrapOptions& options, double gamma) {
  std::vector<MethodScores> all;
  for (size_t m = 0; m < table.methods.size(); ++m) {
    const stats::TaskScores& scores = table.scores[m];
    MethodScores one;
    one.method = table.methods[m];
    one.iqm = stats::aggregate_interval(scores, stats::interquartile_mean, options);
    one.mean = stats::aggregate_interval(scores, stats::mean_over_tasks, options);
    one.median = stats::aggregate_interval(scores, stats::median_over_tasks, options);
    one.optimality_gap = stats::aggregate_interval(
        scores, [gamma](const stats::TaskScores& s) { return stats::optimality_gap(s, gamma); }, options);
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
