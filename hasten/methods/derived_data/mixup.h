// mixup: samples and their labels are blended in pairs.
#pragma once

#include <memory>

#include "hasten/spec/method_spec.h"

namespace hasten {

class Method;

struct MixupParams {
  double alpha = 0.2;
  static constexpr auto schema() {
    return std::tuple{field("alpha", &MixupParams::alpha, {0, 100},
                            "Beta(alpha, alpha) is the distribution of the share; more alpha, more mixing")};
  }
};

inline MethodSpec mixup_spec() {
  return {.name = "mixup",
          .summary = "blend each sample and its label with another one's",
          .maths =
              "x_i ← s·x_i + (1 − s)·x_j, y_i ← s·y_i + (1 − s)·y_j; j by a random permutation of the batch\n"
              "s = max(b, 1 − b), b ~ Beta(alpha, alpha), one a step; alpha = 0: s = 1",
          .component = Component::kDerivedData,
          .verbs = {Verb::kRetrofit},
          .saves = Factor::kIterations,
          .raises = Factor::kNone,
          .cite = "Zhang, Cisse, Dauphin, Lopez-Paz, arXiv:1710.09412",
          .uses = {{Site::plan(), Phase::kSchedule}, {Seam::kBatchTransform, Phase::kMix}},
          .effects = kInputs | kTargets,
          .needs = kClassLabels,
          .relieves = {Bottleneck::kCompute},
          .worsens = {Bottleneck::kAugment},
          .neutral = exact("alpha", 0),
          .conformance = {{"alpha", "0.5"}},
          .strength = "alpha",
          .params = describe<MixupParams>()};
}
std::unique_ptr<Method> make_mixup(const MixupParams& params);

}  // namespace hasten
