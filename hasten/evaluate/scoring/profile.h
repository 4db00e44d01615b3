// Performance profiles of times to target, by AlgoPerf's rules (Dahl et al., arXiv:2306.07179; mlcommons/submissions_algorithms).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace hasten::evaluate {

// Times by submission (row) and workload (column); +inf: target missed; NaN: not run.
struct TimeTable {
  std::vector<std::string> submissions;
  std::vector<std::string> workloads;  // the ones that count
  std::vector<std::string> held_out;  // variants that can only disqualify
  std::vector<size_t> base_of;  // of each held-out one: index into workloads
  std::vector<std::vector<double>> time;  // [submission][workload]
  std::vector<std::vector<double>> held_out_time;
};

struct ProfileRules {
  double r_max = 4;  // times beyond r_max times the best count as missed
  int64_t points = 100;  // of the trapezoid in the published scores
};

struct ProfileScores {
  std::vector<std::vector<double>> ratio;  // [submission][workload], +inf where it does not count
  std::vector<double> trapezoid;  // the published score: trapezoid over `points` values of tau
  std::vector<double> exact;  // the integral itself: mean of max(0, (r_max - r) / (r_max - 1))
};

// The order of steps is part of the rule: held-out times are dropped where their base failed, times beyond r_max times the
// best (a best that may itself be disqualified next) are dropped, base times are dropped where their held-out variant failed,
// and only then ratios to the best survivor are taken. Equality at the limit is kept.
ProfileScores score_profiles(const TimeTable& table, const ProfileRules& rules = {});

// Share of workloads with a ratio of at most tau.
double profile_at(const std::vector<double>& ratios, double tau);

// The table without one submission or one workload (with its held-out variants).
TimeTable without_submission(const TimeTable& table, size_t submission);
TimeTable without_workload(const TimeTable& table, size_t workload);

// Submissions by score, best first; ties by name.
std::vector<size_t> ranking(const std::vector<std::string>& submissions, const std::vector<double>& scores);

}  // namespace hasten::evaluate
