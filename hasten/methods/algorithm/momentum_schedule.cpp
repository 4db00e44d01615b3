// momentum_schedule: momentum in lines through (0, low), (warmup, high), (end - cooldown, high), (end, low), `high` being
// the optimizer's own setting: little weight on the first, uninformative gradients.
// Sutskever, Martens, Dahl, Hinton, On the importance of initialization and momentum in deep learning (ICML 2013).
#include "hasten/methods/algorithm/momentum_schedule.h"

#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/core/method.h"

namespace hasten {

// `warmup` and `cooldown` are shares of the budget.
Schedule momentum_curve(double low, double high, double warmup, double cooldown) {
  auto at = [](double share) { return Duration{share, Unit::kFraction}; };
  std::vector<Schedule::Point> points;
  if (warmup > 0) points.push_back({at(0), low});
  points.push_back({at(warmup), high});
  if (cooldown > 0) {
    if (warmup < 1 - cooldown) points.push_back({at(1 - cooldown), high});
    points.push_back({at(1), low});
  }
  return Schedule(std::move(points));
}

namespace {

class MomentumSchedule final : public MethodOf<MomentumScheduleParams> {
 public:
  using MethodOf::MethodOf;

  void plan(Plan& plan) override {
    const OptimizerChoice& optimizer = plan.run.optimizers.front();
    // Adam's counterpart of momentum is beta1.
    const char* name = optimizer.spec->params->find("momentum") != nullptr ? "momentum" : "beta1";
    const double high = optimizer.spec->params->find(name) == nullptr ? 0 : optimizer.params.get(name).get<double>();
    if (high <= 0) {
      throw ConfigError("method.momentum_schedule", "an optimizer with momentum",
                        "'" + optimizer.spec->name + "' without", "set optimizer.momentum, for example to 0.95");
    }
    if (params_.low >= high) {
      throw ConfigError("method.momentum_schedule.low", cat("less than optimizer.", name, " = ", number(high)),
                        number(params_.low));
    }
    const double warmup = share(plan, params_.warmup, "warmup"), cooldown = share(plan, params_.cooldown, "cooldown");
    if (warmup + cooldown > 1) {
      throw ConfigError("method.momentum_schedule.cooldown", "an end that begins after the warm-up",
                        cat("warmup and cooldown of ", number(warmup + cooldown), " of the budget"));
    }
    if (warmup + cooldown <= 0) {
      throw ConfigError("method.momentum_schedule.warmup", "a warm-up or a cooldown", "neither");
    }
    plan.run.schedules[std::string("optimizer.") + name] = momentum_curve(params_.low, high, warmup, cooldown);
  }

  void state(StateVisitor&) override {}  // acts on the plan only

 private:
  static double share(const Plan& plan, const Duration& length, const std::string& setting) {
    return plan.run.length().fraction(length, "method.momentum_schedule." + setting);
  }
};

}  // namespace

std::unique_ptr<Method> make_momentum_schedule(const MomentumScheduleParams& params) {
  return std::make_unique<MomentumSchedule>(params);
}

}  // namespace hasten
