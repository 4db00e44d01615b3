// Scores of an AlgoPerf board, read straight from its logs, and how much they depend on rules that could be otherwise.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "hasten/base/json_fwd.h"
#include "hasten/evaluate/record.h"
#include "hasten/evaluate/scoring/profile.h"

namespace hasten::evaluate {

struct AlgoperfWorkload {
  std::string name, metric;        // "criteo1tb", "validation/loss"
  double target = 0;
  Direction direction = Direction::kMinimize;
  double budget_s = 0;             // 0: not known
};

// What a board is scored by. Found in the logs unless given: targets and metrics in meta_data_0.json; a workload is
// held out when its name contains another workload's and most submissions ran it.
struct AlgoperfConfig {
  std::vector<AlgoperfWorkload> workloads, held_out;
  int64_t studies = 0, trials = 0;
  ProfileRules rules;
};
// Reads {"base_workloads": [...], "held_out_workloads": [...], "targets": {NAME: {"metric", "target", "minimize"}},
// "num_studies", "num_trials_external", "r_max", "num_points"}; every key may be left out, another one is refused. A file
// may hold one such object below a version ({"v06": {...}}). Throws DataError.
struct AlgoperfOverrides {
  std::optional<std::vector<std::string>> workloads, held_out;
  std::map<std::string, AlgoperfWorkload> targets;
  std::optional<int64_t> studies, trials;
  ProfileRules rules;
};
AlgoperfOverrides read_algoperf_config(const std::filesystem::path& path);

enum class TrialRule {
  kIndex,  // as published: the trial that reaches the target at the earliest evaluation, counted, not timed
  kMinTime,  // as documented: the trial that reaches it in the least time
};
enum class TieRule {
  kLeast,
  kFirst,
  kMost
};  // of trials tied at the same evaluation: least time, directory order, most time

// Interval-censored time of one study: the target was reached in (low, high]; +inf when it was not.
struct StudyTime {
  std::string study;
  double low = 0, high = 0;
  bool tied = false;  // several trials reached it at the same evaluation with different times
  std::string trial;
};

struct AlgoperfBoard {
  std::string path;
  AlgoperfConfig config;
  std::vector<std::string> submissions;
  // [submission][workload or, after those, held-out workload]: one per study that was run
  std::vector<std::vector<std::vector<StudyTime>>> index_rule, min_time_rule, first_rule, most_rule;
  std::vector<std::string> notes;  // what was assumed, or passed over

  TimeTable table(TrialRule rule, TieRule tie = TieRule::kLeast) const;
};

// Median of times, kept to 0.1 ms, as tables of these times are printed: ratios then do not depend on digits that no clock
// has. NaN for none.
double median_time(std::vector<double> times);

// One board per folder that holds submissions. Throws ConfigError when there are none, DataError for broken files.
std::vector<AlgoperfBoard> read_algoperf(const std::filesystem::path& root, const AlgoperfOverrides& overrides = {});

struct Sensitivity {
  struct Change {
    std::string left_out;
    std::vector<std::string> ranking;
    std::vector<double> scores;  // in the order of `ranking`
    bool changes_ranking = false;  // among those that stay
  };
  std::vector<Change> pool, workloads;
  std::vector<double> low, high;  // bootstrap over studies, 95%, by submission
  std::vector<std::vector<double>> beats;  // [a][b]: share of resamples in which a scores higher
  std::vector<double> without_held_out;
};
Sensitivity sensitivity(const AlgoperfBoard& board, int64_t resamples);

// Geometric mean over workloads of time(method) / time(base), misses counted as budget + 1 s, as the published headline
// numbers are made; given as a reduction 1 - ratio.
struct GeometricMean {
  double reduction = 0, low = 0, high = 0;  // bounds by the spacing of the evaluations
  double boot_low = 0, boot_high = 0;  // studies resampled
  std::vector<double> leave_one_out;  // by workload; NaN on a board with no other
  int64_t imputed = 0;  // workloads in which at least one side missed
};
GeometricMean geometric_mean_reduction(const AlgoperfBoard& board, size_t method, size_t base, int64_t resamples);

}  // namespace hasten::evaluate
