// gradient_noise: Gaussian noise is added to gradients and fades over the run.
#pragma once

#include <memory>

#include "hasten/spec/method_spec.h"

namespace hasten {
class Method;
}

struct GradientNoiseParams {
  double scale = 0.01;
  double decay = 0.55;
  static constexpr auto schema() {
    using P = GradientNoiseParams;
    return std::tuple{
        hasten::field("scale", &P::scale, hasten::at_least(0), "standard deviation of the noise at the first step"),
        hasten::field("decay", &P::decay, {0, 1}, "exponent with which the variance falls in the number of steps")};
  }
};

inline hasten::MethodSpec gradient_noise_spec() {
  return {.name = "gradient_noise",
          .summary = "add noise to gradients that fades over the run",
          .maths = "g ← g + N(0, scale² / (1 + step)^decay)",
          .component = hasten::Component::kDerivatives,
          .verbs = {hasten::Verb::kRetrofit},
          .saves = hasten::Factor::kIterations,
          .raises = hasten::Factor::kNone,
          .cite = "Neelakantan et al., arXiv:1511.06807",
          .uses = {{hasten::Event::kGradientsReady, hasten::Phase::kGradient}},
          .effects = hasten::kGradients,
          .neutral = hasten::exact("scale", 0),
          .conformance = {{"scale", "0.1"}},
          .params = hasten::describe<GradientNoiseParams>()};
}
std::unique_ptr<hasten::Method> make_gradient_noise(const GradientNoiseParams& params);
