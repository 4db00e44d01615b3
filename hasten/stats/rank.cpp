// Aggregates over tasks and their intervals.
#include "hasten/stats/rank.h"

#include <algorithm>

#include "hasten/base/error.h"
#include "hasten/stats/moments.h"
#include "hasten/stats/tests.h"

namespace hasten::stats {
namespace {

std::vector<double> flat(const TaskScores& scores) {
  std::vector<double> all;
  for (const auto& task : scores) all.insert(all.end(), task.begin(), task.end());
  return all;
}

std::vector<double> task_means(const TaskScores& scores) {
  std::vector<double> means;
  for (const auto& task : scores) means.push_back(moments(task).mean);
  return means;
}

TaskScores drawn(const TaskScores& scores, const Draw& draw, size_t first) {
  TaskScores result(scores.size());
  for (size_t t = 0; t < scores.size(); ++t) {
    for (uint32_t i : draw[first + t]) result[t].push_back(scores[t][i]);
  }
  return result;
}

std::vector<size_t> sizes_of(const TaskScores& scores) {
  std::vector<size_t> sizes;
  for (const auto& task : scores) sizes.push_back(task.size());
  return sizes;
}

double share_above(const std::vector<double>& values, double tau) {
  auto above = std::count_if(values.begin(), values.end(), [&](double value) { return value > tau; });
  return static_cast<double>(above) / static_cast<double>(values.size());
}

}  // namespace

double mean_over_tasks(const TaskScores& scores) { return moments(task_means(scores)).mean; }
double median_over_tasks(const TaskScores& scores) { return median(task_means(scores)); }
double interquartile_mean(const TaskScores& scores) { return trimmed_mean(flat(scores), 0.25); }

double optimality_gap(const TaskScores& scores, double gamma) {
  Moments capped;
  for (double value : flat(scores)) capped.add(std::min(value, gamma));
  return gamma - capped.mean;
}

double probability_of_improvement(const TaskScores& x, const TaskScores& y) {
  HASTEN_CHECK(x.size() == y.size(), "the same tasks on both sides");
  Moments shares;
  for (size_t t = 0; t < x.size(); ++t) {
    double wins = 0;
    for (double a : x[t]) {
      for (double b : y[t]) wins += a > b ? 1.0 : (a == b ? 0.5 : 0.0);
    }
    shares.add(wins / static_cast<double>(x[t].size() * y[t].size()));
  }
  return shares.mean;
}

double run_profile(const TaskScores& scores, double tau) { return share_above(flat(scores), tau); }
double average_profile(const TaskScores& scores, double tau) { return share_above(task_means(scores), tau); }

Interval aggregate_interval(const TaskScores& scores, const std::function<double(const TaskScores&)>& aggregate,
                            const BootstrapOptions& options) {
  std::vector<size_t> sizes = sizes_of(scores);
  return bootstrap(sizes, [&](const Draw& draw) { return aggregate(drawn(scores, draw, 0)); }, options);
}

Interval improvement_interval(const TaskScores& x, const TaskScores& y, const BootstrapOptions& options) {
  std::vector<size_t> sizes = sizes_of(x), other = sizes_of(y);
  sizes.insert(sizes.end(), other.begin(), other.end());
  auto statistic = [&](const Draw& draw) {
    return probability_of_improvement(drawn(x, draw, 0), drawn(y, draw, x.size()));
  };
  return bootstrap(sizes, statistic, options);
}

}  // namespace hasten::stats
