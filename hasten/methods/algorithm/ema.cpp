// ema: w_avg <- s w_avg + (1 - s) w with s = 2^(-d / half_life), d the training since the last update, in the unit of
// the half-life. So the average is the same whatever the update interval, and a half-life can be a share of the run.
// Running statistics are averaged too; whole numbers are copied.
// Polyak and Juditsky, Acceleration of stochastic approximation by averaging (1992).
#include "hasten/methods/algorithm/ema.h"

#include <ATen/ops/_foreach_lerp.h>
#include <c10/core/GradMode.h>

#include <cmath>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/core/budget.h"
#include "hasten/core/method.h"
#include "hasten/nn/weight_provider.h"

namespace hasten {
namespace {

class Ema final : public MethodOf<EmaParams>, public WeightProvider {
 public:
  using MethodOf::MethodOf;

  void plan(Plan& plan) override {
    const double planned = plan.run.length().total(params_.start.unit);
    if (planned >= 0 && params_.start.value >= planned) {
      throw ConfigError("method.ema.start", "a start before the end of the run, " + to_string(plan.run.budget),
                        "'" + to_string(params_.start) + "'", "the average would never begin");
    }
    const int64_t steps = Budget(plan.run).total_steps();
    const double share = planned > 0 ? params_.start.value / planned : 0;
    if (steps < 0 || static_cast<double>(params_.interval) < static_cast<double>(steps) * (1 - share)) return;
    throw ConfigError("method.ema.interval",
                      cat("fewer than the ", steps, " steps of the run, or what is left of them"),
                      std::to_string(params_.interval), "the average would be the weights of one step");
  }

  void on(Event, State& state) override {
    if (state.budget.consumed(state.progress, params_.start.unit) < params_.start.value) return;
    if (steps_++ % params_.interval != 0) return;
    c10::NoGradGuard no_grad;
    std::vector<NamedTensor> live = state.model.tensors();
    double now = state.budget.consumed(state.progress, params_.half_life.unit);
    if (averages_.empty()) {
      for (const NamedTensor& entry : live) averages_.push_back({entry.name, entry.value.detach().clone()});
    } else {
      average(live, std::exp2(-(now - last_) / params_.half_life.value));
    }
    last_ = now;
  }

  bool ready() const override { return !averages_.empty(); }
  std::string label() const override { return "ema"; }
  void exchange(Model& model) override { exchange_values(values_of(model.tensors()), values_of(averages_)); }
  void carry(const PlanChange& change, State& state) override {
    if (ready()) averages_ = carried(change, averages_, state.model.tensors());
  }

  void state(StateVisitor& visitor) override {
    visit_named(visitor, "average", averages_);
    visitor.number("last", last_);
    visitor.integer("steps", steps_);
  }

 private:
  void average(const std::vector<NamedTensor>& live, double keep) {
    std::vector<at::Tensor> floats, targets;
    for (size_t i = 0; i < live.size(); ++i) {
      if (!live[i].value.is_floating_point()) {
        averages_[i].value.copy_(live[i].value);
      } else {
        floats.push_back(averages_[i].value);
        targets.push_back(live[i].value);
      }
    }
    at::_foreach_lerp_(floats, targets, 1 - keep);
  }

  std::vector<NamedTensor> averages_;
  double last_ = 0;
  int64_t steps_ = 0;
};

}  // namespace

std::unique_ptr<Method> make_ema(const EmaParams& params) { return std::make_unique<Ema>(params); }

}  // namespace hasten
