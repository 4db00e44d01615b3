// layer_freezing: blocks stop being trained one after the other, from the front.
#pragma once

#include <memory>

#include "hasten/spec/method_spec.h"

namespace hasten {

class Method;

struct LayerFreezingParams {
  double start = 0.5;
  double share = 1;
  static constexpr auto schema() {
    using P = LayerFreezingParams;
    return std::tuple{
        field("start", &P::start, half_open(0, 1), "share of the budget after which the first block is frozen"),
        field("share", &P::share, {0, 1}, "of all blocks but the last: how many are frozen in the end")};
  }
};

inline MethodSpec layer_freezing_spec() {
  return {.name = "layer_freezing",
          .summary = "freeze blocks front to back: no gradients, no updates, no optimizer slots, statistics stay",
          .maths =
              "block k = 0..K−1 is frozen after start + (1 − start)·k / K of the budget, K = ⌊share·(blocks − 1)⌋\n"
              "frozen: ∂L/∂θ is not computed, no update, no slots; runs as at evaluation",
          .component = Component::kDerivatives,
          .verbs = {Verb::kRemove},
          .saves = Factor::kIterationCost,
          .raises = Factor::kIterations,
          .cite = "Brock, Lim, Ritchie, Weston, FreezeOut, arXiv:1706.04983",
          .uses = {{Site::plan(), Phase::kStructure}, {Site::replan(), Phase::kStructure}},
          .effects = kPlanModel | kOptimizerState,
          .after = {"progressive_stacking"},
          .relieves = {Bottleneck::kCompute, Bottleneck::kMemory},
          .neutral = exact("share", 0),
          .conformance = {{"start", "0.25"}},
          .min_horizon = {2, Unit::kStep},
          .params = describe<LayerFreezingParams>()};
}
std::unique_ptr<Method> make_layer_freezing(const LayerFreezingParams& params);

}  // namespace hasten
