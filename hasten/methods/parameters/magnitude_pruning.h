// magnitude_pruning: the smallest weights are set to zero, more of them as training goes on.
#pragma once

#include <memory>

#include "hasten/spec/method_spec.h"

namespace hasten {

class Method;

enum class PruningScope { kLayer, kGlobal };
constexpr std::array<std::string_view, 2> choices(PruningScope) { return {"layer", "global"}; }

struct MagnitudePruningParams {
  double sparsity = 0.8;
  double start = 0.1;
  double end = 0.75;
  int64_t interval = 10;
  PruningScope scope = PruningScope::kLayer;
  bool first_and_last = false;
  static constexpr auto schema() {
    using P = MagnitudePruningParams;
    return std::tuple{
        field("sparsity", &P::sparsity, half_open(0, 1), "share of the weights that are zero in the end"),
        field("start", &P::start, half_open(0, 1), "share of the budget after which the first weights go"),
        field("end", &P::end, {0, 1, true, false}, "share of the budget after which the last weights have gone"),
        field("interval", &P::interval, at_least(1), "steps between choices of the weights", "steps"),
        field("scope", &P::scope, "layer: the same share of each weight tensor; global: the smallest of all"),
        field("first_and_last", &P::first_and_last, "prune the first and the last layer too")};
  }
};

inline MethodSpec magnitude_pruning_spec() {
  return {.name = "magnitude_pruning",
          .summary = "mask the smallest weights, on a cubic schedule; a smaller model, not a faster step",
          .maths =
              "w ← w·mask, 0 for the round(s·n) smallest |w| of n: of each tensor (layer) or of all (global)\n"
              "s = sparsity·(1 − (1 − u)³), u = (t − start) / (end − start) in [0, 1]; chosen every interval steps",
          .component = Component::kParameters,
          .verbs = {Verb::kRemove},
          .saves = Factor::kNone,
          .raises = Factor::kBoth,
          .cite = "Zhu and Gupta, To prune, or not to prune, arXiv:1710.01878",
          .uses = {{Site::plan(), Phase::kLayers},
                   {Event::kStepEnd, Phase::kApply},
                   {Seam::kWeightTransform, Phase::kLayers}},
          .effects = kOutputs,
          .after = {"weight_standardization"},
          .worsens = {Bottleneck::kMemoryBandwidth},
          .neutral = exact("sparsity", 0),
          .conformance = {{"sparsity", "0.5"}, {"start", "0"}, {"end", "0.5"}, {"interval", "2"}},
          .min_horizon = {2, Unit::kStep},
          .params = describe<MagnitudePruningParams>()};
}
std::unique_ptr<Method> make_magnitude_pruning(const MagnitudePruningParams& params);

}  // namespace hasten
