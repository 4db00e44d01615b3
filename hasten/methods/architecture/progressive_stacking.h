// progressive_stacking: the model starts shallow and is doubled by copying trained blocks.
#pragma once

#include <memory>

#include "hasten/spec/method_spec.h"

namespace hasten {

class Method;

struct ProgressiveStackingParams {
  int64_t doublings = 1;
  double until = 0.5;
  static constexpr auto schema() {
    using P = ProgressiveStackingParams;
    return std::tuple{
        field("doublings", &P::doublings, {1, 6}, "times that the depth is doubled"),
        field("until", &P::until, open(0, 1), "share of the budget after which the model has its full depth")};
  }
};

inline MethodSpec progressive_stacking_spec() {
  return {.name = "progressive_stacking",
          .summary = "train with half of the equal blocks, then copy them on top of each other",
          .maths =
              "doubling j at until·j / doublings of the budget: ⌈k / 2^(doublings − j)⌉ of k equal blocks in a row\n"
              "are there; behind the n of before, block n + l starts as block l, with statistics and slots",
          .component = Component::kArchitecture,
          .verbs = {Verb::kReorder},
          .saves = Factor::kIterationCost,
          .raises = Factor::kIterations,
          .cite = "Gong, He, Li, Qin, Wang, Liu, Efficient training of BERT by progressively stacking, ICML 2019",
          .uses = {{Site::plan(), Phase::kStructure}, {Site::replan(), Phase::kStructure}},
          .effects = kPlanModel | kParameterValues | kBufferValues | kOptimizerState,
          .families = {"resnet", "mlp"},
          .relieves = {Bottleneck::kCompute, Bottleneck::kMemoryBandwidth},
          .neutral = no_neutral("a doubling at once would still start from copies"),
          .conformance = {{"until", "0.5"}, {"model.stages", "[3]"}},
          .min_horizon = {4, Unit::kStep},
          .params = describe<ProgressiveStackingParams>()};
}
std::unique_ptr<Method> make_progressive_stacking(const ProgressiveStackingParams& params);

}  // namespace hasten
