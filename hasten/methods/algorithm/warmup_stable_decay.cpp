// warmup_stable_decay: the rate rises from zero, stays, and falls to its end in the last part of the budget. The same trunk
// serves several budgets: only the fall has to be run for each. Replaces the recipe's schedule of the learning rate.
// Zhai, Kolesnikov, Houlsby, Beyer, Scaling vision transformers (arXiv:2106.04560); Hu et al., MiniCPM (arXiv:2404.06395); the
// fall by 1 - sqrt(t): Haegele et al. (arXiv:2405.18392).
#include "hasten/methods/algorithm/warmup_stable_decay.h"

#include <cmath>
#include <utility>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/core/method.h"

namespace hasten {

Schedule trapezoid(const WarmupStableDecayParams& params) {
  constexpr int kLines = 32;  // that make the root
  const auto at = [](double share) { return Duration{share, Unit::kFraction}; };
  std::vector<Schedule::Point> points;
  if (params.warmup > 0) points.push_back({at(0), 0});
  points.push_back({at(params.warmup), 1});
  const double top = 1 - params.decay;
  if (top > params.warmup) points.push_back({at(top), 1});
  const auto value = [&](double fallen) { return params.end + (1 - params.end) * (1 - std::sqrt(fallen)); };
  for (int i = 1; i < kLines && params.shape == DecayShape::kRoot; ++i) {
    const double fallen = static_cast<double>(i) / kLines;
    points.push_back({at(top + params.decay * fallen), value(fallen)});
  }
  points.push_back({at(1), params.end});
  return Schedule(std::move(points),
                  params.shape == DecayShape::kCosine ? Schedule::Shape::kCosine : Schedule::Shape::kLinear);
}

namespace {

class WarmupStableDecay final : public MethodOf<WarmupStableDecayParams> {
 public:
  using MethodOf::MethodOf;

  void plan(Plan& plan) override {
    if (params_.warmup + params_.decay > 1) {
      throw ConfigError("method.warmup_stable_decay.decay", cat("at most 1 - warmup = ", number(1 - params_.warmup)),
                        number(params_.decay));
    }
    plan.run.schedules["lr"] = trapezoid(params_);
  }

  void state(StateVisitor&) override {}  // acts on the plan only
};

}  // namespace

std::unique_ptr<Method> make_warmup_stable_decay(const WarmupStableDecayParams& params) {
  return std::make_unique<WarmupStableDecay>(params);
}

}  // namespace hasten
