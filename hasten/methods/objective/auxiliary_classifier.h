// auxiliary_classifier: a second classifier in the middle of the network helps the layers before it.
#pragma once

#include <memory>
#include <string>

#include "hasten/spec/method_spec.h"

namespace hasten {

class Method;

struct AuxiliaryClassifierParams {
  double weight = 0.3;
  double until = 1;
  double depth = 0.5;
  std::string after;
  static constexpr auto schema() {
    using P = AuxiliaryClassifierParams;
    return std::tuple{
        field("weight", &P::weight, at_least(0), "factor of its loss at the start; it falls to zero in a line"),
        field("until", &P::until, {0, 1, true, false}, "share of the budget at which it is zero; then the head goes"),
        field("depth", &P::depth, open(0, 1), "share of the blocks that stand before the head"),
        field("after", &P::after, "name of the block before the head, instead of depth")};
  }
};

inline MethodSpec auxiliary_classifier_spec() {
  return {.name = "auxiliary_classifier",
          .summary = "a classifier on a middle block adds its loss, less and less, and is gone at evaluation",
          .maths =
              "loss = CE(output) + w(t)·CE(head), w(t) = weight·max(0, 1 − t / until); head = linear(pool(x))\n"
              "x = output of block round(depth·(blocks − 1)), or of `after`; at until the head leaves the model",
          .component = Component::kObjective,
          .verbs = {Verb::kRetrofit},
          .saves = Factor::kIterations,
          .raises = Factor::kIterationCost,
          .cite = "Szegedy et al., arXiv:1409.4842; Lee et al., Deeply-supervised nets, arXiv:1409.5185",
          .uses = {{Site::plan(), Phase::kLayers}, {Site::replan(), Phase::kLayers}, {Seam::kLossTerm, Phase::kTerm}},
          .effects = kPlanModel | kLoss,
          .needs = kClassLabels,
          .worsens = {Bottleneck::kCompute},
          .neutral = exact("weight", 0),
          .conformance = {{"weight", "0.5"}, {"until", "0.5"}},
          .params = describe<AuxiliaryClassifierParams>()};
}
std::unique_ptr<Method> make_auxiliary_classifier(const AuxiliaryClassifierParams& params);

}  // namespace hasten
