// Records of modded-nanogpt.
#include "hasten/evaluate/scoring/nanogpt.h"

#include <algorithm>
#include <cmath>

#include "hasten/evaluate/cost.h"
#include "hasten/evaluate/record_io.h"
#include "hasten/stats/moments.h"

namespace hasten::evaluate {
namespace {

bool all_finite(const std::vector<double>& losses) {
  return std::all_of(losses.begin(), losses.end(), [](double loss) { return std::isfinite(loss); });
}

}  // namespace

NanogptLog read_nanogpt_log(const Run& run, double target) {
  NanogptLog log;
  log.id = run.record.id;
  if (run.record.planned.steps) log.planned_steps = whole_number(*run.record.planned.steps);
  if (run.record.clocks.untimed_warmup_steps) log.clock_reset_at = *run.record.clocks.untimed_warmup_steps + 1;
  for (const Reading& reading : readings(run, run.record.metric)) {
    const EventRecord& event = run.events[reading.event];
    ++log.evaluations;
    NanogptReading at{event.step.value_or(0), reading.value, event.t_train};
    if (!log.crossing && reaches(reading.value, target, run.record.metric.direction)) log.crossing = at;
    log.final = at;
  }
  return log;
}

NanogptFinals final_losses(const std::vector<NanogptLog>& logs) {
  NanogptFinals finals;
  for (const NanogptLog& log : logs) {
    // A run that diverged may end where it did.
    bool diverged = log.final && !std::isfinite(log.final->loss);
    if (!log.finished() && !diverged) {
      ++finals.unfinished;
      continue;
    }
    finals.diverged += diverged ? 1 : 0;
    finals.losses.push_back(log.final->loss);
    finals.steps = std::max(finals.steps, static_cast<double>(log.final->step));
  }
  return finals;
}

Track1 track1(const std::vector<double>& losses, double target, double alpha) {
  Track1 result;
  result.test = stats::one_sample_t(losses, target);
  stats::Moments m = stats::moments(losses);
  result.n = losses.size();
  result.mean = m.mean;
  result.sd = m.sd();
  result.passes = all_finite(losses) && result.test.p_less < alpha;  // NaN, of a single run, never passes
  return result;
}

bool track3_accepts(const std::vector<double>& losses, double target, const Track3Rules& rules) {
  if (losses.empty() || !all_finite(losses)) return false;
  return (target - stats::moments(losses).mean) * std::sqrt(static_cast<double>(losses.size())) >= rules.margin;
}

bool track3_better(const std::vector<double>& new_losses, double new_steps, const std::vector<double>& old_losses,
                   double old_steps, const Track3Rules& rules) {
  if (new_losses.empty() || old_losses.empty() || !all_finite(new_losses) || !all_finite(old_losses)) return false;
  double gain = stats::moments(old_losses).mean - stats::moments(new_losses).mean +
                (old_steps - new_steps) * rules.slope_per_step;
  double errors = std::sqrt(1 / static_cast<double>(new_losses.size()) + 1 / static_cast<double>(old_losses.size()));
  return gain / errors >= rules.margin;
}

}  // namespace hasten::evaluate
