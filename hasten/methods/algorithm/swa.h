// swa: the plain mean of weights along the last part of training is evaluated.
#pragma once

#include <memory>

#include "hasten/spec/method_spec.h"

namespace hasten {

class Method;

struct SwaParams {
  Duration start{0.75, Unit::kFraction};
  Duration interval{0.01, Unit::kFraction};
  double lr = 0;
  static constexpr auto schema() {
    using P = SwaParams;
    return std::tuple{
        field("start", &P::start, at_least(0), "training before the first weights are taken"),
        field("interval", &P::interval, above(0), "training between two that are taken"),
        field("lr", &P::lr, at_least(0), "learning rate from start on, as a share of the peak; 0: as scheduled")};
  }
};

inline MethodSpec swa_spec() {
  return {.name = "swa",
          .summary = "evaluate the mean of weights along the last part of training, statistics measured anew",
          .maths =
              "mean ← mean + (w − mean) / n for the n-th w, taken at start and each interval; the mean is evaluated\n"
              "with running statistics measured for it; lr > 0: learning rate = lr·peak from start on",
          .component = Component::kAlgorithm,
          .verbs = {Verb::kRetrofit},
          .saves = Factor::kIterations,
          .raises = Factor::kIterationCost,
          .cite = "Izmailov, Podoprikhin, Garipov, Vetrov, Wilson, arXiv:1803.05407",
          .uses = {{Site::plan(), Phase::kSchedule},
                   {Event::kStepEnd, Phase::kAverage},
                   {Seam::kWeightProvider, Phase::kAverage}},
          .effects = kPlanRun | kEvaluation,
          .relieves = {Bottleneck::kCompute},
          .worsens = {Bottleneck::kMemory},
          .neutral = no_neutral("a mean of at least two weights is neither of them"),
          .conformance = {{"start", "\"0.5dur\""}, {"interval", "\"2step\""}},
          .min_horizon = {2, Unit::kStep},
          .params = describe<SwaParams>()};
}
std::unique_ptr<Method> make_swa(const SwaParams& params);

}  // namespace hasten
