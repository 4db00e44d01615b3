// random_subset: trains on a random share of the samples.
#pragma once

#include <memory>

#include "hasten/spec/method_spec.h"

namespace hasten {

class Method;

enum class SubsetDraw { kFixed, kRedraw };
constexpr std::array<std::string_view, 2> choices(SubsetDraw) { return {"fixed", "redraw"}; }

struct RandomSubsetParams {
  double keep = 0.5;
  SubsetDraw draw = SubsetDraw::kFixed;
  static constexpr auto schema() {
    using P = RandomSubsetParams;
    return std::tuple{field("keep", &P::keep, {0, 1, true, false}, "share of the training samples an epoch visits"),
                      field("draw", &P::draw, "fixed: the same samples in every epoch; redraw: others in each")};
  }
};

inline MethodSpec random_subset_spec() {
  return {
      .name = "random_subset",
      .summary = "an epoch visits a random share of the samples: what chosen subsets have to beat",
      .maths = "an epoch = round(keep·n) of n samples at random; fixed: one draw for the run; redraw: one an epoch",
      .component = Component::kTrainingData,
      .verbs = {Verb::kRemove},
      .saves = Factor::kIterations,
      .raises = Factor::kNone,  // epochs that it takes more are iterations, too: it saves the balance
      .cite = "Guo, Zhao, Bai, DeepCore (the baseline), arXiv:2204.08499; Okanovic et al. (redrawn), arXiv:2305.18424",
      .uses = {{Site::plan(), Phase::kStructure}, {Seam::kSampler, Phase::kSelect}},
      .effects = kPlanRun | kSampleChoice,
      .before = {"infobatch"},  // which prunes what is left
      .relieves = {Bottleneck::kCompute, Bottleneck::kStorage, Bottleneck::kDecode, Bottleneck::kAugment},
      .neutral = exact("keep", 1),
      .conformance = {{"keep", "0.5"}, {"draw", "\"redraw\""}},
      .min_horizon = {1, Unit::kEpoch},
      .params = describe<RandomSubsetParams>()};
}
std::unique_ptr<Method> make_random_subset(const RandomSubsetParams& params);

}  // namespace hasten
