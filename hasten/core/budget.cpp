// Budgets.
#include "hasten/core/budget.h"

#include <algorithm>
#include <cmath>

#include "hasten/base/clock.h"
#include "hasten/base/error.h"

namespace hasten {

Budget::Budget(const RunPlan& plan)
    : budget_(plan.budget),
      steps_per_epoch_(static_cast<double>(plan.steps_per_epoch())),
      steps_vary_(plan.steps_vary),
      batch_size_(plan.batch.size) {
  if (steps_vary_ && budget_.unit != Unit::kStep) return;
  switch (budget_.unit) {
    case Unit::kEpoch: total_steps_ = std::llround(budget_.value * steps_per_epoch_); break;
    case Unit::kStep: total_steps_ = std::llround(budget_.value); break;
    case Unit::kSample: total_steps_ = std::llround(budget_.value / static_cast<double>(batch_size_)); break;
    case Unit::kToken: {
      const auto tokens = static_cast<double>(batch_size_ * plan.data.tokens_per_sample());
      total_steps_ = std::llround(budget_.value / tokens);
      break;
    }
    default: return;
  }
  // A positive budget is at least one step: half an epoch of two steps is not nothing.
  total_steps_ = std::max<int64_t>(total_steps_, 1);
}

double Budget::fraction(const Progress& progress) const {
  if (total_steps_ > 0) return std::min(static_cast<double>(progress.step) / static_cast<double>(total_steps_), 1.0);
  double before = 0;
  if (budget_.unit == Unit::kSecond) before = seconds(progress.prelude_ns);
  if (budget_.unit == Unit::kFlop) before = progress.prelude_flops;
  if (budget_.unit == Unit::kJoule) before = progress.prelude_joules;
  // Preludes that cost the whole budget leave nothing.
  if (before >= budget_.value) return 1;
  // A billionth keeps sums of epochs from falling short of a whole.
  double share = (consumed(progress, budget_.unit) - before) / (budget_.value - before);
  return share > 1 - 1e-9 ? 1 : share;
}

double Budget::consumed(const Progress& progress, Unit unit) const {
  switch (unit) {
    case Unit::kEpoch: return steps_vary_ ? progress.epochs : static_cast<double>(progress.step) / steps_per_epoch_;
    case Unit::kStep: return static_cast<double>(progress.step);
    case Unit::kSample: return static_cast<double>(progress.samples);
    case Unit::kSecond: return seconds(progress.train_ns);
    case Unit::kFlop: return progress.flops;
    case Unit::kJoule: return std::max(progress.joules, 0.0);
    case Unit::kFraction: return fraction(progress);
    case Unit::kToken: return static_cast<double>(progress.tokens);
  }
  throw InternalError("a unit of budgets");
}

int64_t Recurrence::count(const Progress& progress) const {
  // Half a millionth of an interval keeps 3 x 0.1 from falling short of 0.3.
  return static_cast<int64_t>(std::floor(budget_.consumed(progress, every_.unit) / every_.value + 5e-7));
}

bool Recurrence::passed(const Progress& before, const Progress& now) const { return count(now) > count(before); }

}  // namespace hasten
