// lookahead: every `interval` steps slow <- slow + a (fast - slow), then fast <- slow. With the cubic schedule
// a(t) = 1 - (1 - alpha) t^3, t the share of the budget; alpha = 1 - 0.95^5 = 0.226 is that of the airbench records.
// Running statistics go with the weights. Slots of the optimizer stay.
// Zhang, Lucas, Hinton, Ba, Lookahead optimizer: k steps forward, 1 step back (arXiv:1907.08610).
#include "hasten/methods/algorithm/lookahead.h"

#include <ATen/ops/_foreach_copy.h>
#include <ATen/ops/_foreach_lerp.h>
#include <c10/core/GradMode.h>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/core/budget.h"
#include "hasten/core/method.h"
#include "hasten/nn/model.h"

namespace hasten {

// How far the slow weights go when a share `fraction` of the budget is consumed.
double slow_step(const LookaheadParams& params, double fraction) {
  if (params.over_run == SlowDown::kConstant) return params.alpha;
  return 1 - (1 - params.alpha) * fraction * fraction * fraction;
}

namespace {

class Lookahead final : public MethodOf<LookaheadParams> {
 public:
  using MethodOf::MethodOf;

  void plan(Plan& plan) override {
    const int64_t steps = Budget(plan.run).total_steps();
    if (steps < 0 || params_.interval <= steps) return;
    throw ConfigError("method.lookahead.interval", cat("at most the ", steps, " steps of the run"),
                      std::to_string(params_.interval), "slow weights would never be reached");
  }

  void on(Event event, State& state) override {
    c10::NoGradGuard no_grad;
    if (event == Event::kFitStart) {
      if (!slow_.empty()) return;  // resumed
      for (const NamedTensor& entry : moving(state.model)) slow_.push_back({entry.name, entry.value.detach().clone()});
      return;
    }
    // The last step joins them, too: the run ends on slow weights.
    const int64_t done = state.progress.step + 1;
    if (done % params_.interval != 0 && done != state.budget.total_steps()) return;
    std::vector<at::Tensor> slow = values_of(slow_), fast;
    for (const NamedTensor& entry : moving(state.model)) fast.push_back(entry.value.detach());
    at::_foreach_lerp_(slow, fast, slow_step(params_, state.progress.fraction));
    at::_foreach_copy_(fast, slow);
  }

  void carry(const PlanChange& change, State& state) override {
    if (!slow_.empty()) slow_ = carried(change, slow_, moving(state.model));
  }

  void state(StateVisitor& visitor) override { visit_named(visitor, "slow", slow_); }

 private:
  // What can lie between two values.
  static std::vector<NamedTensor> moving(const Model& model) {
    std::vector<NamedTensor> tensors = model.tensors();
    std::erase_if(tensors, [](const NamedTensor& entry) { return !entry.value.is_floating_point(); });
    return tensors;
  }

  std::vector<NamedTensor> slow_;
};

}  // namespace

std::unique_ptr<Method> make_lookahead(const LookaheadParams& params) { return std::make_unique<Lookahead>(params); }

}  // namespace hasten
