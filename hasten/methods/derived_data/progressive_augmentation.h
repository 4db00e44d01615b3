// progressive_augmentation: augmentation begins weak and grows to its full strength.
#pragma once

#include <memory>

#include "hasten/spec/method_spec.h"

namespace hasten {

class Method;

struct ProgressiveAugmentationParams {
  double start = 0.3;
  double until = 1;
  static constexpr auto schema() {
    using P = ProgressiveAugmentationParams;
    return std::tuple{
        field("start", &P::start, {0, 1}, "share of its strength that every augmentation begins with"),
        field("until", &P::until, {0, 1, true, false}, "share of the budget at which it reaches the whole")};
  }
};

inline MethodSpec progressive_augmentation_spec() {
  return {.name = "progressive_augmentation",
          .summary = "let the strength of every augmentation of the recipe grow over the run",
          .maths =
              "m(t) = m·(start + (1 − start)·min(1, t / until)) for the strength m of every augmentation,\n"
              "t = share of the budget",
          .component = Component::kDerivedData,
          .verbs = {Verb::kReorder},
          .saves = Factor::kIterations,
          .raises = Factor::kNone,
          .cite = "Tan, Le, EfficientNetV2, arXiv:2104.00298",
          .uses = {{Site::plan(), Phase::kSchedule}},
          .effects = kPlanRun,
          .relieves = {Bottleneck::kCompute},
          .neutral = exact("start", 1),
          .conformance = {{"start", "0"}, {"data.translate", "2"}},
          .min_horizon = {2, Unit::kStep},
          .params = describe<ProgressiveAugmentationParams>()};
}
std::unique_ptr<Method> make_progressive_augmentation(const ProgressiveAugmentationParams& params);

}  // namespace hasten
