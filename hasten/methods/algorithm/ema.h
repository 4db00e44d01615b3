// ema: an exponential moving average of the weights is evaluated in their place.
#pragma once

#include <memory>

#include "hasten/spec/method_spec.h"

namespace hasten {

class Method;

struct EmaParams {
  Duration half_life{0.05, Unit::kFraction};
  Duration start{0, Unit::kFraction};
  int64_t interval = 1;
  static constexpr auto schema() {
    using P = EmaParams;
    return std::tuple{
        field("half_life", &P::half_life, above(0), "training after which a weight counts half in the average"),
        field("start", &P::start, at_least(0), "training before the average begins"),
        field("interval", &P::interval, at_least(1), "steps between updates of the average", "steps")};
  }
};

inline MethodSpec ema_spec() {
  return {.name = "ema",
          .summary = "evaluate an exponential moving average of weights and running statistics",
          .maths =
              "avg ← s·avg + (1 − s)·w every interval steps from start on, s = 2^(−Δ / half_life); avg is evaluated\n"
              "Δ = training since the last update, in the unit of half_life; running statistics alike",
          .component = Component::kAlgorithm,
          .verbs = {Verb::kRetrofit},
          .saves = Factor::kIterations,
          .raises = Factor::kIterationCost,
          .cite = "Polyak and Juditsky 1992; Tarvainen and Valpola, arXiv:1703.01780",
          .uses = {{Site::plan(), Phase::kObserve},
                   {Event::kAfterUpdate, Phase::kAverage},
                   {Seam::kWeightProvider, Phase::kAverage}},
          .effects = kEvaluation,
          .relieves = {Bottleneck::kCompute},
          .worsens = {Bottleneck::kMemory},
          .neutral = no_neutral("a half-life of zero would divide by zero; any other averages"),
          .conformance = {{"half_life", "\"2step\""}},
          .min_horizon = {2, Unit::kStep},
          .params = describe<EmaParams>()};
}
std::unique_ptr<Method> make_ema(const EmaParams& params);

}  // namespace hasten
