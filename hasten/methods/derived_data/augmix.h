// augmix: each image becomes a mixture of several chains of operations and itself.
#pragma once

#include <memory>

#include "hasten/spec/method_spec.h"

namespace hasten {

class Method;

struct AugmixParams {
  int64_t severity = 3;
  int64_t width = 3;
  int64_t depth = 0;
  double alpha = 1;
  bool all_operations = true;
  static constexpr auto schema() {
    using P = AugmixParams;
    return std::tuple{
        field("severity", &P::severity, {1, 10}, "strengths are drawn from the lowest so many of 0 .. 9"),
        field("width", &P::width, {1, 16}, "chains that are mixed"),
        field("depth", &P::depth, {0, 16}, "operations of a chain; 0: 1 to 3 at random"),
        field("alpha", &P::alpha, above(0), "of the Dirichlet and Beta distributions of the shares"),
        field("all_operations", &P::all_operations, "with those that benchmarks of corrupted images test")};
  }
};

inline MethodSpec augmix_spec() {
  return {.name = "augmix",
          .summary = "mix each image with chains of random operations on it",
          .maths =
              "x ← (1 − m)·x + m·Σ_j s_j·chain_j(x), j = 1..width; m ~ Beta(alpha, alpha), s ~ Dirichlet(alpha)\n"
              "chain: depth (0: 1 to 3) of 13 operations (9 without all_operations), levels 0..severity − 1 of 0..9",
          .component = Component::kDerivedData,
          .verbs = {Verb::kRetrofit},
          .saves = Factor::kIterations,
          .raises = Factor::kNone,
          .cite = "Hendrycks et al., AugMix, arXiv:1912.02781",
          .uses = {{Seam::kBatchTransform, Phase::kColour}},
          .effects = kInputs,
          .needs = kImages,
          .relieves = {Bottleneck::kCompute},
          .worsens = {Bottleneck::kAugment},
          .neutral = no_neutral("the least severity still posterizes"),
          .params = describe<AugmixParams>()};
}
std::unique_ptr<Method> make_augmix(const AugmixParams& params);

}  // namespace hasten
