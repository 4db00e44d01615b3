// How much of the planned budget a run has consumed.
#pragma once

#include "hasten/core/state.h"
#include "hasten/spec/plan.h"

namespace hasten {

class Budget {
 public:
  explicit Budget(const RunPlan& plan);

  // Consumed share, in [0, 1]. Budgets in epochs, steps and samples are whole steps, so they end exactly. Preludes are
  // charged to the run's cost, but its schedule begins behind them.
  double fraction(const Progress& progress) const;
  bool finished(const Progress& progress) const { return fraction(progress) >= 1; }
  int64_t total_steps() const { return total_steps_; }  // -1 if only the run will tell

  // The amount of `unit` that was consumed so far.
  double consumed(const Progress& progress, Unit unit) const;

 private:
  Duration budget_;
  double steps_per_epoch_;
  bool steps_vary_;
  int64_t batch_size_;
  int64_t total_steps_ = -1;
};

// Fires once each time another `every` of the run has passed.
class Recurrence {
 public:
  Recurrence(Duration every, const Budget& budget) : every_(every), budget_(budget) {}
  // Whether the step that led from `before` to `now` passed a multiple of the interval.
  bool passed(const Progress& before, const Progress& now) const;

 private:
  int64_t count(const Progress& progress) const;
  Duration every_;
  const Budget& budget_;
};

}  // namespace hasten
