// Rules of the modded-nanogpt records: mean loss at a planned length (track 1) and at a common step (track 3).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hasten/evaluate/record.h"
#include "hasten/stats/tests.h"

namespace hasten::evaluate {

struct NanogptReading {
  int64_t step = 0;
  double loss = 0;
  std::optional<double> train_s;
};

// What one log says.
struct NanogptLog {
  std::string id;
  int64_t evaluations = 0;
  std::optional<int64_t> planned_steps;
  std::optional<NanogptReading> crossing, final;  // first evaluation at or below the target; the last evaluation
  std::optional<int64_t> clock_reset_at;          // the step at which the clock started again

  // Whether the last evaluation is the one at the planned length; a log that stops before has no final loss.
  bool finished() const { return final && (!planned_steps || final->step >= *planned_steps); }
};
NanogptLog read_nanogpt_log(const Run& run, double target);

// What the rules are applied to. Losses that are not finite count: runs that failed, with which an entry cannot pass.
struct NanogptFinals {
  std::vector<double> losses;  // of finished logs
  double steps = 0;            // the longest of them
  int64_t unfinished = 0, diverged = 0;
};
NanogptFinals final_losses(const std::vector<NanogptLog>& logs);

// Track 1: the mean over runs is at most the target with one-sided p < alpha.
struct Track1 {
  stats::TTest test;
  size_t n = 0;
  double mean = 0, sd = 0;
  bool passes = false;
};
Track1 track1(const std::vector<double>& losses, double target, double alpha);

// Track 3: a z test with a fixed spread. (target - mean) * sqrt(n) must reach the margin, sigma * z(0.001), which the rules
// round to 0.004; between two entries a step counts as slope loss.
struct Track3Rules {
  double margin = 0.004;
  double slope_per_step = 0.0045 / 100;
};
bool track3_accepts(const std::vector<double>& losses, double target, const Track3Rules& rules = {});
// Whether the new entry beats the old one: lower loss, fewer steps, or both, beyond the margin. Never with a loss that is not
// finite on either side.
bool track3_better(const std::vector<double>& new_losses, double new_steps, const std::vector<double>& old_losses,
                   double old_steps, const Track3Rules& rules = {});

}  // namespace hasten::evaluate
