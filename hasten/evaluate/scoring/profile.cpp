// Scores from times.
#include "hasten/evaluate/scoring/profile.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>

namespace hasten::evaluate {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

using Times = std::vector<std::vector<double>>;

double least(const Times& times, size_t column) {
  double best = kInf;
  for (const auto& row : times) best = row[column] < best ? row[column] : best;  // NaN compares false
  return best;
}

void drop_slow(Times& times, double limit) {
  size_t columns = times.empty() ? 0 : times.front().size();
  for (size_t w = 0; w < columns; ++w) {
    double best = least(times, w);
    for (auto& row : times) {
      if (row[w] > limit * best) row[w] = kInf;
    }
  }
}

bool failed(double time) { return !std::isfinite(time); }

double trapezoid_score(const std::vector<double>& ratios, const ProfileRules& rules) {
  double area = 0, before = 0;
  auto intervals = static_cast<double>(rules.points - 1);
  double width = (rules.r_max - 1) / intervals;
  for (int64_t k = 0; k < rules.points; ++k) {
    // The grid as numpy.linspace makes it; its last point is the end itself.
    double tau = k + 1 == rules.points ? rules.r_max : 1 + static_cast<double>(k) * width;
    double share = profile_at(ratios, tau);
    if (k > 0) area += (before + share) / 2 * width;
    before = share;
  }
  return area / (rules.r_max - 1);
}

}  // namespace

double profile_at(const std::vector<double>& ratios, double tau) {
  auto within = std::count_if(ratios.begin(), ratios.end(), [&](double ratio) { return ratio <= tau; });
  return static_cast<double>(within) / static_cast<double>(ratios.size());
}

ProfileScores score_profiles(const TimeTable& table, const ProfileRules& rules) {
  Times time = table.time, held_out = table.held_out_time;
  size_t n = table.submissions.size();
  for (size_t s = 0; s < n; ++s) {
    for (size_t h = 0; h < table.held_out.size(); ++h) {
      if (failed(time[s][table.base_of[h]])) held_out[s][h] = kInf;
    }
  }
  drop_slow(time, rules.r_max);
  drop_slow(held_out, rules.r_max);
  for (size_t s = 0; s < n; ++s) {
    for (size_t h = 0; h < table.held_out.size(); ++h) {
      if (failed(held_out[s][h])) time[s][table.base_of[h]] = kInf;
    }
  }
  ProfileScores scores;
  scores.ratio.assign(n, std::vector<double>(table.workloads.size(), kInf));
  for (size_t w = 0; w < table.workloads.size(); ++w) {
    double best = least(time, w);
    for (size_t s = 0; s < n; ++s) {
      if (!failed(time[s][w])) scores.ratio[s][w] = time[s][w] / best;
    }
  }
  for (const auto& ratios : scores.ratio) {
    scores.trapezoid.push_back(trapezoid_score(ratios, rules));
    double sum = 0;
    for (double ratio : ratios) sum += std::max(0.0, (rules.r_max - ratio) / (rules.r_max - 1));
    scores.exact.push_back(sum / static_cast<double>(ratios.size()));
  }
  return scores;
}

TimeTable without_submission(const TimeTable& table, size_t submission) {
  TimeTable rest = table;
  auto at = static_cast<std::ptrdiff_t>(submission);
  rest.submissions.erase(rest.submissions.begin() + at);
  rest.time.erase(rest.time.begin() + at);
  rest.held_out_time.erase(rest.held_out_time.begin() + at);
  return rest;
}

TimeTable without_workload(const TimeTable& table, size_t workload) {
  TimeTable rest;
  rest.submissions = table.submissions;
  std::vector<size_t> kept;
  for (size_t w = 0; w < table.workloads.size(); ++w) {
    if (w == workload) continue;
    rest.workloads.push_back(table.workloads[w]);
    kept.push_back(w);
  }
  std::vector<size_t> kept_out;
  for (size_t h = 0; h < table.held_out.size(); ++h) {
    if (table.base_of[h] == workload) continue;
    rest.held_out.push_back(table.held_out[h]);
    rest.base_of.push_back(table.base_of[h] - (table.base_of[h] > workload ? 1 : 0));
    kept_out.push_back(h);
  }
  for (size_t s = 0; s < table.submissions.size(); ++s) {
    auto& row = rest.time.emplace_back();
    auto& row_out = rest.held_out_time.emplace_back();
    for (size_t w : kept) row.push_back(table.time[s][w]);
    for (size_t h : kept_out) row_out.push_back(table.held_out_time[s][h]);
  }
  return rest;
}

std::vector<size_t> ranking(const std::vector<std::string>& submissions, const std::vector<double>& scores) {
  std::vector<size_t> order(submissions.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return scores[a] != scores[b] ? scores[a] > scores[b] : submissions[a] < submissions[b];
  });
  return order;
}

}  // namespace hasten::evaluate
