// trivial_augment: one operation at random, at a random strength.
#pragma once

#include <memory>

#include "hasten/spec/method_spec.h"

namespace hasten {

class Method;

struct TrivialAugmentParams {
  static constexpr auto schema() { return std::tuple{}; }
};

inline MethodSpec trivial_augment_spec() {
  return {.name = "trivial_augment",
          .summary = "change each image by one random operation of random strength",
          .maths =
              "one of 14 operations at random, at a random level of 0..30 of torchvision's wide table\n"
              "where the strength has a sign, a coin decides",
          .component = Component::kDerivedData,
          .verbs = {Verb::kRetrofit},
          .saves = Factor::kIterations,
          .raises = Factor::kNone,
          .cite = "Mueller, Hutter, TrivialAugment, arXiv:2103.10158",
          .uses = {{Seam::kBatchTransform, Phase::kColour}},
          .effects = kInputs,
          .needs = kImages,
          .relieves = {Bottleneck::kCompute},
          .worsens = {Bottleneck::kAugment},
          .neutral = no_neutral("it has no setting"),
          .params = describe<TrivialAugmentParams>()};
}
std::unique_ptr<Method> make_trivial_augment(const TrivialAugmentParams& params);

}  // namespace hasten
