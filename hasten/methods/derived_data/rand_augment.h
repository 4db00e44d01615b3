// rand_augment: some operations at random, all at one strength.
#pragma once

#include <memory>

#include "hasten/spec/method_spec.h"

namespace hasten {

class Method;

struct RandAugmentParams {
  int64_t operations = 2;
  double magnitude = 9;
  static constexpr auto schema() {
    using P = RandAugmentParams;
    return std::tuple{field("operations", &P::operations, {0, 16}, "how many, out of 14, each image goes through"),
                      field("magnitude", &P::magnitude, {0, 30}, "how strong they are; rounded to whole levels")};
  }
};

inline MethodSpec rand_augment_spec() {
  return {.name = "rand_augment",
          .summary = "change each image by a few random operations of one strength",
          .maths =
              "operations times: one of 14 at random, again and again, at level round(magnitude) of 0..30\n"
              "strengths by torchvision's table; where they have a sign, a coin decides",
          .component = Component::kDerivedData,
          .verbs = {Verb::kRetrofit},
          .saves = Factor::kIterations,
          .raises = Factor::kNone,
          .cite = "Cubuk, Zoph, Shlens, Le, RandAugment, arXiv:1909.13719",
          .uses = {{Seam::kBatchTransform, Phase::kColour}},
          .effects = kInputs,
          .needs = kImages,
          .relieves = {Bottleneck::kCompute},
          .worsens = {Bottleneck::kAugment},
          .neutral = exact("operations", 0),
          .strength = "magnitude",
          .params = describe<RandAugmentParams>()};
}
std::unique_ptr<Method> make_rand_augment(const RandAugmentParams& params);

}  // namespace hasten
