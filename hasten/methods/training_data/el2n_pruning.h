// el2n_pruning: trains on the samples that briefly trained models find hardest.
#pragma once

#include <memory>

#include "hasten/spec/method_spec.h"

namespace hasten {

class Method;

struct El2nPruningParams {
  double keep = 0.7;
  double drop_hardest = 0;
  int64_t models = 1;
  Duration budget{0.1, Unit::kFraction};
  static constexpr auto schema() {
    using P = El2nPruningParams;
    return std::tuple{
        field("keep", &P::keep, {0, 1, true, false}, "share of the training samples that stay, the hardest ones"),
        field("drop_hardest", &P::drop_hardest, half_open(0, 1),
              "share of the samples above them that is left out, too: the hardest of all may have wrong labels"),
        field("models", &P::models, {1, 100},
              "models that are trained for scores; the mean of several is less noisy and costs more"),
        field("budget", &P::budget, above(0), "length of the training of each; dur: a share of this run's own")};
  }
};

inline MethodSpec el2n_pruning_spec() {
  return {
      .name = "el2n_pruning",
      .summary = "score samples by the error of briefly trained models, train on the hardest",
      .maths =
          "score = ‖softmax(f(x)) − onehot(y)‖₂, mean over models, each trained for budget\n"
          "of n samples in falling order round(drop_hardest·n) are left out and the next round(keep·n) stay",
      .component = Component::kTrainingData,
      .verbs = {Verb::kRemove},
      .saves = Factor::kIterations,
      .raises = Factor::kIterationCost,  // scoring comes before the first step and is shared by all
      .cite = "Paul, Ganguli, Dziugaite, arXiv:2107.07075",
      .uses = {{Site::plan(), Phase::kStructure}, {Seam::kPrelude, Phase::kSelect}, {Seam::kSampler, Phase::kSelect}},
      .effects = kPlanRun | kSampleChoice,
      .needs = kClassLabels,
      .before = {"infobatch"},  // which prunes what is left
      .relieves = {Bottleneck::kCompute, Bottleneck::kStorage, Bottleneck::kDecode, Bottleneck::kAugment},
      .neutral = exact("keep", 1),
      .conformance = {{"keep", "0.5"}, {"models", "2"}, {"budget", "\"3step\""}},
      .min_horizon = {1, Unit::kEpoch},
      .params = describe<El2nPruningParams>()};
}
std::unique_ptr<Method> make_el2n_pruning(const El2nPruningParams& params);

}  // namespace hasten
