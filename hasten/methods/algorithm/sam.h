// sam: the gradient is taken where the loss is highest nearby.
#pragma once

#include <memory>

#include "hasten/spec/method_spec.h"

namespace hasten {

class Method;

struct SamParams {
  double rho = 0.05;
  int64_t interval = 1;
  bool adaptive = false;
  static constexpr auto schema() {
    using P = SamParams;
    return std::tuple{
        field("rho", &P::rho, at_least(0), "distance of the step up"),
        field("interval", &P::interval, at_least(1), "only every so many steps; the others are plain", "steps"),
        field("adaptive", &P::adaptive, "scale the step up by the size of each weight (ASAM)")};
  }
};

inline MethodSpec sam_spec() {
  return {.name = "sam",
          .summary = "sharpness-aware minimisation: gradient at the highest point nearby, by a second pass",
          .maths =
              "e = rho·g / ‖g‖, adaptive: rho·w²·g / ‖w·g‖; norms over all parameters, ‖·‖ + 1e-12\n"
              "every interval-th step g ← ∇L(w + e), same batch and dropout masks; the update then starts from w",
          .component = Component::kAlgorithm,
          .verbs = {Verb::kRetrofit},
          .saves = Factor::kIterations,
          .raises = Factor::kIterationCost,
          .cite = "Foret, Kleiner, Mobahi, Neyshabur, arXiv:2010.01412; adaptive: Kwon et al., arXiv:2102.11600",
          .uses = {{Seam::kForwardBackward, Phase::kGradient}},
          .effects = kGradients | kBufferValues,
          .worsens = {Bottleneck::kCompute},
          .neutral = {"rho", 0, 0, ""},
          .conformance = {{"rho", "0.5"}},
          .params = describe<SamParams>()};
}
std::unique_ptr<Method> make_sam(const SamParams& params);

}  // namespace hasten
