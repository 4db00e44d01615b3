// whitening_init: the first convolution decorrelates image patches from the start and stays as it is.
#pragma once

#include <memory>

#include "hasten/spec/method_spec.h"

namespace hasten {

class Method;

struct WhiteningInitParams {
  int64_t kernel = 2;
  int64_t stride = 1;
  double epsilon = 5e-4;
  int64_t samples = 5000;
  static constexpr auto schema() {
    using P = WhiteningInitParams;
    return std::tuple{
        field("kernel", &P::kernel, {1, 5}, "side of the patches", "pixels"),
        field("stride", &P::stride, {1, 4}, "distance of the patches that are computed", "pixels"),
        field("epsilon", &P::epsilon, above(0), "added to the variance of each direction, in units of the largest"),
        field("samples", &P::samples, at_least(1), "training images that the patches are taken from")};
  }
};

inline MethodSpec whitening_init_spec() {
  return {.name = "whitening_init",
          .summary = "first convolution = whitening of image patches, frozen",
          .maths =
              "Σ_i λ_i·v_i·v_iᵀ = covariance of kernel × kernel patches of `samples` training images\n"
              "first filters = ±v_i / √(λ_i + epsilon·λ_max), frozen, every stride pixels; then bias, which learns",
          .component = Component::kParameters,
          // Frozen filters remove derivatives as well: that is another component, and a method stands in one.
          .verbs = {Verb::kReplace},
          .saves = Factor::kIterations,
          .raises = Factor::kIterationCost,  // more channels, in a larger image
          .cite = "D. Page, How to train your ResNet, 2019; K. Jordan, arXiv:2404.00498",
          .uses = {{Site::plan(), Phase::kStructure}, {Event::kInitialize, Phase::kInitialize}},
          .effects = kPlanModel | kParameterValues,
          .needs = kImages,
          .families = {"convnet"},
          .relieves = {Bottleneck::kCompute},
          .neutral = no_neutral("it replaces a layer"),
          .conformance = {{"samples", "100"}},
          .params = describe<WhiteningInitParams>()};
}
std::unique_ptr<Method> make_whitening_init(const WhiteningInitParams& params);

}  // namespace hasten
