// one_cycle: one rise and one long fall of the learning rate, matched to the budget, with momentum moving the other
// way. Replaces the recipe's schedule of the learning rate.
// L. Smith and N. Topin, Super-convergence (arXiv:1708.07120).
#include "hasten/methods/algorithm/one_cycle.h"

#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/core/method.h"

namespace hasten {
namespace {

class OneCycle final : public MethodOf<OneCycleParams> {
 public:
  using MethodOf::MethodOf;

  void plan(Plan& plan) override {
    plan.run.schedules["lr"] = cycle(params_.start, 1, params_.end);
    if (params_.momentum_low <= 0) return;
    const OptimizerChoice& optimizer = plan.run.optimizers.front();
    // Adam's counterpart of momentum is beta1.
    for (const char* name : {"momentum", "beta1"}) {
      if (optimizer.spec->params->find(name) == nullptr) continue;
      double high = optimizer.params.get(name).get<double>();
      if (high <= params_.momentum_low) {
        throw ConfigError("method.one_cycle.momentum_low", std::string("less than optimizer.") + name,
                          number(params_.momentum_low));
      }
      plan.run.schedules[std::string("optimizer.") + name] = cycle(high, params_.momentum_low, high);
    }
  }

  void state(StateVisitor&) override {}  // acts on the plan only

 private:
  Schedule cycle(double first, double middle, double last) const {
    auto at = [](double share) { return Duration{share, Unit::kFraction}; };
    auto shape = params_.shape == CycleShape::kCosine ? Schedule::Shape::kCosine : Schedule::Shape::kLinear;
    return Schedule({{at(0), first}, {at(params_.warmup), middle}, {at(1), last}}, shape);
  }
};

}  // namespace

std::unique_ptr<Method> make_one_cycle(const OneCycleParams& params) { return std::make_unique<OneCycle>(params); }

}  // namespace hasten
