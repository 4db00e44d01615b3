// scale_bias_norm: gains of batch norms are left out, shifts learn fast.
#pragma once

#include <memory>

#include "hasten/spec/method_spec.h"

namespace hasten {

class Method;

struct ScaleBiasNormParams {
  double shift_rate = 64;
  double epsilon = 1e-12;
  static constexpr auto schema() {
    using P = ScaleBiasNormParams;
    return std::tuple{
        field("shift_rate", &P::shift_rate, above(0), "learning rate of the shifts, as a multiple of the optimizer's"),
        field("epsilon", &P::epsilon, above(0), "added to the variance")};
  }
};

inline MethodSpec scale_bias_norm_spec() {
  return {.name = "scale_bias_norm",
          .summary = "batch norms keep a gain of one, and their shifts learn many times faster",
          .maths =
              "y = (x − μ) / √(σ² + epsilon) + shift: gain fixed at 1\n"
              "learning rate of every shift = shift_rate·lr",
          .component = Component::kParameters,
          .verbs = {Verb::kRestrict},
          .saves = Factor::kIterations,
          .raises = Factor::kNone,
          .cite = "K. Jordan, 94% on CIFAR-10 in 3.29 seconds, arXiv:2404.00498; Page, How to train your ResNet (2019)",
          .uses = {{Site::plan(), Phase::kLayers}},
          .effects = kPlanModel | kPlanRun,
          .families = {"convnet", "resnet"},
          .relieves = {Bottleneck::kCompute},
          .neutral = no_neutral("gains that do not learn are not those that do"),
          .conformance = {{"shift_rate", "4"}},
          .params = describe<ScaleBiasNormParams>()};
}
std::unique_ptr<Method> make_scale_bias_norm(const ScaleBiasNormParams& params);

}  // namespace hasten
