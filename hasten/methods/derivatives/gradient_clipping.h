// gradient_clipping: gradients that are too long are shortened.
#pragma once

#include <memory>

#include "hasten/spec/method_spec.h"

namespace hasten {

class Method;

enum class ClippingMode { kNorm, kValue, kAdaptive };
constexpr std::array<std::string_view, 3> choices(ClippingMode) { return {"norm", "value", "adaptive"}; }

struct GradientClippingParams {
  ClippingMode mode = ClippingMode::kNorm;
  double threshold = 1;
  double epsilon = 1e-3;
  bool head = false;
  static constexpr auto schema() {
    using P = GradientClippingParams;
    return std::tuple{
        field("mode", &P::mode,
              "norm: of all gradients together; value: each element; adaptive: each unit against its weights"),
        field("threshold", &P::threshold, above(0),
              "largest norm, largest element, or largest ratio of norms (about 0.01)"),
        field("epsilon", &P::epsilon, above(0), "adaptive: norm that a unit's weights count with at least"),
        field("head", &P::head, "adaptive: clip the head too")};
  }
};

inline MethodSpec gradient_clipping_spec() {
  return {.name = "gradient_clipping",
          .summary = "shorten gradients by their norm, by element, or unit by unit relative to the weights",
          .maths =
              "norm: g ← g·min(1, c / ‖g‖), ‖g‖ over all parameters; value: elements into [−c, c]; c = threshold\n"
              "adaptive: g_i ← g_i·min(1, c·max(‖w_i‖, epsilon) / ‖g_i‖) by row, filter, vector; head: there, too",
          .component = Component::kDerivatives,
          .verbs = {Verb::kRestrict},
          .saves = Factor::kIterations,
          .raises = Factor::kNone,
          .cite = "Pascanu, Mikolov, Bengio, arXiv:1211.5063; adaptive: Brock, De, Smith, Simonyan, arXiv:2102.06171",
          .uses = {{Site::plan(), Phase::kLayers}, {Event::kGradientsReady, Phase::kClip}},
          .effects = kGradients,
          .neutral = exact("threshold", 1e30),
          .conformance = {{"threshold", "0.01"}},
          .params = describe<GradientClippingParams>()};
}
std::unique_ptr<Method> make_gradient_clipping(const GradientClippingParams& params);

}  // namespace hasten
