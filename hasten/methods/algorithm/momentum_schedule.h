// momentum_schedule: momentum rises in the first steps and may fall at the end.
#pragma once

#include <memory>

#include "hasten/spec/method_spec.h"

namespace hasten {

class Method;

struct MomentumScheduleParams {
  double low = 0.85;
  Duration warmup{0.1, Unit::kFraction};
  Duration cooldown{0, Unit::kFraction};
  static constexpr auto schema() {
    using P = MomentumScheduleParams;
    return std::tuple{field("low", &P::low, half_open(0, 1),
                            "momentum (Adam: beta1) at the ends; between them it is the optimizer's"),
                      field("warmup", &P::warmup, at_least(0), "training in which it rises, from the start"),
                      field("cooldown", &P::cooldown, at_least(0), "training in which it falls again, up to the end")};
  }
};

inline MethodSpec momentum_schedule_spec() {
  return {.name = "momentum_schedule",
          .summary = "momentum from low to the optimizer's own in the first steps, and back at the end if asked",
          .maths =
              "momentum (Adam: beta1) = line from low to the optimizer's own in warmup, then its own;\n"
              "cooldown > 0: a line back to low over the last cooldown of the budget",
          .component = Component::kAlgorithm,
          .verbs = {Verb::kReorder},
          .saves = Factor::kIterations,
          .raises = Factor::kNone,
          .cite = "Sutskever, Martens, Dahl, Hinton, ICML 2013; modded-nanogpt records, 2024",
          .uses = {{Site::plan(), Phase::kSchedule}},
          .effects = kPlanRun,
          .relieves = {Bottleneck::kCompute},
          .neutral = no_neutral("low has to lie below the optimizer's own momentum"),
          .conformance = {{"low", "0.5"}, {"warmup", "\"0.5dur\""}},
          .min_horizon = {2, Unit::kStep},
          .params = describe<MomentumScheduleParams>()};
}
std::unique_ptr<Method> make_momentum_schedule(const MomentumScheduleParams& params);

}  // namespace hasten
