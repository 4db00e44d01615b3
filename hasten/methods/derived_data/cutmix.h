// cutmix: a box of another image is pasted over each one.
#pragma once

#include <memory>

#include "hasten/spec/method_spec.h"

namespace hasten {

class Method;

struct CutmixParams {
  double alpha = 1.0;
  double p = 1.0;
  static constexpr auto schema() {
    using P = CutmixParams;
    return std::tuple{field("alpha", &P::alpha, {0, 100, true, false},
                            "Beta(alpha, alpha) is the distribution of the area that stays"),
                      field("p", &P::p, {0, 1}, "chance that a batch is mixed")};
  }
};

inline MethodSpec cutmix_spec() {
  return {.name = "cutmix",
          .summary = "paste a random box of one image over another, mix the labels by area",
          .maths =
              "with chance p a step: x_i[box] ← x_j[box], y_i ← (1 − a)·y_i + a·y_j; a = share of the box's area\n"
              "j by permutation; box √(1 − b)·(height, width), b ~ Beta(alpha, alpha), centre uniform, clipped",
          .component = Component::kDerivedData,
          .verbs = {Verb::kRetrofit},
          .saves = Factor::kIterations,
          .raises = Factor::kNone,
          .cite = "Yun, Han, Oh, Chun, Choe, Yoo, arXiv:1905.04899",
          .uses = {{Site::plan(), Phase::kSchedule}, {Seam::kBatchTransform, Phase::kMix}},
          .effects = kInputs | kTargets,
          .needs = kImages | kClassLabels,
          .relieves = {Bottleneck::kCompute},
          .worsens = {Bottleneck::kAugment},
          .neutral = exact("p", 0),
          .conformance = {{"p", "1"}},
          .strength = "p",
          .params = describe<CutmixParams>()};
}
std::unique_ptr<Method> make_cutmix(const CutmixParams& params);

}  // namespace hasten
