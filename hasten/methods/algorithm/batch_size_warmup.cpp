// batch_size_warmup: B(t) from `initial` B to B, in a line or in stages, t the share of `duration` that is over: early
// gradients agree so well that few samples show them (McCandlish et al., arXiv:1812.06162). Samples cost what they
// cost; a budget in samples or epochs holds more updates, one in steps fewer samples.
// Smith, Kindermans, Ying, Le, Don't decay the learning rate, increase the batch size (arXiv:1711.00489).
#include "hasten/methods/algorithm/batch_size_warmup.h"

#include <algorithm>
#include <cmath>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/core/budget.h"
#include "hasten/core/method.h"
#include "hasten/data/sampler.h"

namespace hasten {

// The size of a batch when a share `over` of the warm-up is over. Never larger than `full`, never zero.
int64_t warm_batch(const BatchSizeWarmupParams& params, int64_t full, double over) {
  if (over >= 1) return full;
  // A billionth keeps a third of three, or 0.3 + 0.7 / 2 of 100, from falling short of a whole.
  constexpr double kShort = 1 + 1e-9;
  const auto stages = static_cast<double>(params.stages);
  if (params.stages > 0) over = std::floor(over * stages * kShort) / stages;
  const double size = static_cast<double>(full) * (params.initial + (1 - params.initial) * over) * kShort;
  const int64_t whole = static_cast<int64_t>(size) / params.increment * params.increment;
  return std::min(std::max(whole, params.increment), full);
}

namespace {

class BatchSizeWarmup final : public MethodOf<BatchSizeWarmupParams>, public SamplerPart {
 public:
  using MethodOf::MethodOf;

  void plan(Plan& plan) override {
    if (params_.initial >= 1) return;
    const int64_t first = warm_batch(params_, plan.run.batch.size, 0);
    if (first >= plan.run.batch.size) {
      throw ConfigError("method.batch_size_warmup.increment", cat("less than batch.size = ", plan.run.batch.size),
                        std::to_string(params_.increment), "the first batch would have its full size");
    }
    plan.run.steps_vary = true;
  }

  int64_t batch_size(int64_t size, const State& state) override {
    return warm_batch(params_, size, elapsed(state.progress, state.budget, state.plan.run));
  }

  // Samples cost the same; but of a budget in steps, some are never drawn.
  void cost(const Plan& plan, CostEstimate& estimate) const override {
    if (plan.run.budget.unit != Unit::kStep) return;
    const Unit unit = params_.duration.unit;
    if (unit == Unit::kSecond || unit == Unit::kFlop || unit == Unit::kJoule) {
      estimate.by_chance = true;  // only the run tells how many steps that is
      return;
    }
    const Budget budget(plan.run);
    Progress progress;
    for (; progress.step < budget.total_steps(); ++progress.step) {
      progress.samples += warm_batch(params_, plan.run.batch.size, elapsed(progress, budget, plan.run));
    }
    const double drawn =
        static_cast<double>(progress.samples) / static_cast<double>(budget.total_steps() * plan.run.batch.size);
    estimate.forward *= drawn;
    estimate.backward *= drawn;
  }

  void state(StateVisitor&) override {}  // a function of the progress

 private:
  // The share of the warm-up that is over. Epochs are counted by their samples: passes that are done depend on the
  // size of the next batch, which is asked for here.
  double elapsed(const Progress& progress, const Budget& budget, const RunPlan& run) const {
    const double epochs = static_cast<double>(progress.samples) / static_cast<double>(run.epoch_samples);
    const bool share = params_.duration.unit == Unit::kFraction;
    if (params_.duration.unit == Unit::kEpoch) return epochs / params_.duration.value;
    if (share && run.budget.unit == Unit::kEpoch) return epochs / run.budget.value / params_.duration.value;
    return budget.consumed(progress, params_.duration.unit) / params_.duration.value;
  }
};

}  // namespace

std::unique_ptr<Method> make_batch_size_warmup(const BatchSizeWarmupParams& params) {
  return std::make_unique<BatchSizeWarmup>(params);
}

}  // namespace hasten
