// alternating_flip: every image is seen in both orientations in any two epochs.
#pragma once

#include <memory>

#include "hasten/spec/method_spec.h"

namespace hasten {

class Method;

struct AlternatingFlipParams {
  static constexpr auto schema() { return std::tuple{}; }
};

inline MethodSpec alternating_flip_spec() {
  return {.name = "alternating_flip",
          .summary = "mirror each image in every other epoch, from a random start; replaces random flips",
          .maths = "image i is mirrored in epoch e if coin(i) xor (e mod 2); coin(i) is fair and fixed for the run",
          .component = Component::kDerivedData,
          .verbs = {Verb::kReorder},
          .saves = Factor::kIterations,
          .raises = Factor::kNone,
          .cite = "Jordan, 94% on CIFAR-10 in 3.29 seconds on a single GPU, arXiv:2404.00498",
          .uses = {{Site::plan(), Phase::kSchedule}, {Seam::kBatchTransform, Phase::kGeometry}},
          .effects = kPlanRun | kInputs,
          .needs = kImages,
          .relieves = {Bottleneck::kCompute},
          .neutral = no_neutral("an image is mirrored or not"),
          .conformance = {{"data.flip", "\"random\""}},
          .min_horizon = {2, Unit::kEpoch},
          .params = describe<AlternatingFlipParams>()};
}
std::unique_ptr<Method> make_alternating_flip(const AlternatingFlipParams& params);

}  // namespace hasten
