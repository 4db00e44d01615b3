// Sensitivity of an AlgoPerf score, and the geometric-mean headline numbers.
#include "hasten/evaluate/scoring/algoperf.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "hasten/base/text.h"
#include "hasten/stats/bootstrap.h"
#include "hasten/stats/moments.h"

namespace hasten::evaluate {
namespace {

constexpr uint64_t kSeed = 20230101;

std::vector<std::string> ranked_names(const TimeTable& table, const std::vector<double>& scores) {
  std::vector<std::string> names;
  for (size_t s : ranking(table.submissions, scores)) names.push_back(table.submissions[s]);
  return names;
}

Sensitivity::Change change_of(const std::string& left_out, const TimeTable& rest, const ProfileRules& rules,
                              std::vector<std::string> before) {
  std::vector<double> scores = score_profiles(rest, rules).trapezoid;
  Sensitivity::Change change;
  change.left_out = left_out;
  for (size_t s : ranking(rest.submissions, scores)) {
    change.ranking.push_back(rest.submissions[s]);
    change.scores.push_back(scores[s]);
  }
  std::erase(before, left_out);
  change.changes_ranking = before != change.ranking;
  return change;
}

// Every cell's studies resampled on their own.
TimeTable resampled(const AlgoperfBoard& board, const TimeTable& shape, const stats::Draw& draw) {
  TimeTable table = shape;
  size_t cell = 0, base = board.config.workloads.size();
  for (size_t s = 0; s < board.submissions.size(); ++s) {
    for (size_t w = 0; w < board.index_rule[s].size(); ++w, ++cell) {
      std::vector<double> times;
      for (uint32_t study : draw[cell]) times.push_back(board.index_rule[s][w][study].high);
      (w < base ? table.time[s][w] : table.held_out_time[s][w - base]) = stats::median(std::move(times));
    }
  }
  return table;
}

std::vector<size_t> cell_sizes(const AlgoperfBoard& board) {
  std::vector<size_t> sizes;
  for (const auto& row : board.index_rule) {
    for (const auto& studies : row) sizes.push_back(studies.size());
  }
  return sizes;
}

// The published code keeps the budgets of v0.5's external ruleset for every board (scoring/compute_speedups.py).
double published_budget(const AlgoperfWorkload& workload) {
  static const std::map<std::string, double> budgets{{"criteo1tb", 7703},
                                                     {"fastmri", 8859},
                                                     {"imagenet_resnet", 63008},
                                                     {"imagenet_vit", 77520},
                                                     {"librispeech_conformer", 61068},
                                                     {"librispeech_deepspeech", 55506},
                                                     {"ogbg", 18477},
                                                     {"wmt", 48151}};
  auto found = budgets.find(workload.name);
  return found != budgets.end() ? found->second : workload.budget_s;
}

// 1 - geometric mean of method over base; `left_out` is a workload's index, or none. NaN when no workload is left.
double reduction(const std::vector<double>& method, const std::vector<double>& base, size_t left_out = SIZE_MAX) {
  stats::Moments logs;
  for (size_t w = 0; w < method.size(); ++w) {
    double ratio = std::log(method[w]) - std::log(base[w]);
    if (w != left_out && !std::isnan(ratio)) logs.add(ratio);
  }
  return logs.n > 0 ? 1 - std::exp(logs.mean) : std::nan("");
}

std::vector<double> medians(const AlgoperfBoard& board, size_t submission, double StudyTime::*end,
                            const stats::Draw* draw = nullptr, size_t first = 0) {
  std::vector<double> times;
  for (size_t w = 0; w < board.config.workloads.size(); ++w) {
    const auto& studies = board.index_rule[submission][w];
    std::vector<double> values;
    for (size_t i = 0; i < studies.size(); ++i) values.push_back(studies[draw ? (*draw)[first + w][i] : i].*end);
    double time = median_time(std::move(values));
    times.push_back(std::isinf(time) ? published_budget(board.config.workloads[w]) + 1 : time);
  }
  return times;
}

}  // namespace

Sensitivity sensitivity(const AlgoperfBoard& board, int64_t resamples) {
  Sensitivity result;
  const ProfileRules& rules = board.config.rules;
  TimeTable table = board.table(TrialRule::kIndex);
  std::vector<double> scores = score_profiles(table, rules).trapezoid;
  std::vector<std::string> before = ranked_names(table, scores);
  for (size_t s = 0; s < table.submissions.size(); ++s) {
    result.pool.push_back(change_of(table.submissions[s], without_submission(table, s), rules, before));
  }
  // Without its only workload a board has no scores.
  for (size_t w = 0; table.workloads.size() > 1 && w < table.workloads.size(); ++w) {
    result.workloads.push_back(change_of(table.workloads[w], without_workload(table, w), rules, before));
  }
  TimeTable no_held_out = table;
  no_held_out.held_out.clear();
  no_held_out.base_of.clear();
  for (auto& row : no_held_out.held_out_time) row.clear();
  result.without_held_out = score_profiles(no_held_out, rules).trapezoid;
  size_t n = table.submissions.size();
  std::vector<std::vector<double>> estimates(n);
  result.beats.assign(n, std::vector<double>(n, 0.0));
  std::vector<size_t> sizes = cell_sizes(board);
  stats::Draw draw;
  for (int64_t b = 0; b < resamples; ++b) {
    stats::resample(sizes, kSeed, static_cast<uint64_t>(b), draw);
    std::vector<double> drawn = score_profiles(resampled(board, table, draw), rules).exact;
    for (size_t s = 0; s < n; ++s) {
      estimates[s].push_back(drawn[s]);
      for (size_t other = 0; other < n; ++other)
        result.beats[s][other] += drawn[s] > drawn[other] ? 1.0 / static_cast<double>(resamples) : 0;
    }
  }
  for (size_t s = 0; s < n; ++s) {
    stats::Interval interval = stats::percentile_interval(std::move(estimates[s]), scores[s], 0.95);
    result.low.push_back(interval.low);
    result.high.push_back(interval.high);
  }
  return result;
}

GeometricMean geometric_mean_reduction(const AlgoperfBoard& board, size_t method, size_t base, int64_t resamples) {
  GeometricMean result;
  std::vector<double> method_high = medians(board, method, &StudyTime::high),
                      base_high = medians(board, base, &StudyTime::high);
  std::vector<double> method_low = medians(board, method, &StudyTime::low),
                      base_low = medians(board, base, &StudyTime::low);
  result.reduction = reduction(method_high, base_high);
  result.low = reduction(method_high, base_low);
  result.high = reduction(method_low, base_high);
  size_t workloads = board.config.workloads.size();
  std::vector<size_t> sizes;
  for (size_t w = 0; w < workloads; ++w) {
    result.leave_one_out.push_back(reduction(method_high, base_high, w));
    auto missed = [&](size_t s) {
      std::vector<double> times;
      for (const StudyTime& study : board.index_rule[s][w]) times.push_back(study.high);
      return !std::isfinite(stats::median(std::move(times)));
    };
    result.imputed += missed(method) || missed(base) ? 1 : 0;
  }
  for (size_t s : {method, base}) {
    for (size_t w = 0; w < workloads; ++w) sizes.push_back(board.index_rule[s][w].size());
  }
  std::vector<double> estimates;
  stats::Draw draw;
  for (int64_t b = 0; b < resamples; ++b) {
    stats::resample(sizes, kSeed, static_cast<uint64_t>(b), draw);
    estimates.push_back(reduction(medians(board, method, &StudyTime::high, &draw, 0),
                                  medians(board, base, &StudyTime::high, &draw, workloads)));
  }
  stats::Interval interval = stats::percentile_interval(std::move(estimates), result.reduction, 0.95);
  result.boot_low = interval.low;
  result.boot_high = interval.high;
  return result;
}

}  // namespace hasten::evaluate
