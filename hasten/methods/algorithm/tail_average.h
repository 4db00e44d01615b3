// tail_average: the weights of the last part of training, averaged and mixed with the last ones.
#pragma once

#include <memory>

#include "hasten/spec/method_spec.h"

namespace hasten {

class Method;

struct TailAverageParams {
  double tail = 0.2;
  double memory = 0.2;
  double weight = 0.6;
  static constexpr auto schema() {
    using P = TailAverageParams;
    return std::tuple{
        field("tail", &P::tail, {0, 1, true, false}, "last share of the budget, in which is averaged"),
        field("memory", &P::memory, {0, 1, true, false}, "of the average: its time constant as a share of the tail"),
        field("weight", &P::weight, {0, 1},
              "share of the average in what is evaluated; the rest are the last weights")};
  }
};

inline MethodSpec tail_average_spec() {
  return {.name = "tail_average",
          .summary = "evaluate a mixture of the last weights and their average over the end of training",
          .maths =
              "avg ← w + (avg − w)·exp(−Δ / (memory·tail)) in the last tail of the budget; Δ = share of a step\n"
              "evaluated: (1 − weight)·w + weight·avg; running statistics alike",
          .component = Component::kAlgorithm,
          .verbs = {Verb::kRetrofit},
          .saves = Factor::kIterations,
          .raises = Factor::kIterationCost,
          .cite = "Kaddour, Stop wasting my time! (LAWA), arXiv:2209.14981; Sanyal et al., arXiv:2306.03241",
          .uses = {{Site::plan(), Phase::kObserve},
                   {Event::kAfterUpdate, Phase::kAverage},
                   {Seam::kWeightProvider, Phase::kAverage}},
          .effects = kEvaluation,
          .relieves = {Bottleneck::kCompute},
          .worsens = {Bottleneck::kMemory},
          .neutral = exact("weight", 0),
          .conformance = {{"tail", "0.8"}},
          .min_horizon = {3, Unit::kStep},
          .params = describe<TailAverageParams>()};
}
std::unique_ptr<Method> make_tail_average(const TailAverageParams& params);

}  // namespace hasten
