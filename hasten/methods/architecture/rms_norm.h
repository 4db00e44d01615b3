// rms_norm: cheaper norms in transformers.
#pragma once

#include <memory>

#include "hasten/spec/method_spec.h"

namespace hasten {

class Method;

struct RmsNormParams {
  bool gain = true;
  static constexpr auto schema() {
    return std::tuple{field("gain", &RmsNormParams::gain, "whether norms keep a learned gain")};
  }
};

inline MethodSpec rms_norm_spec() {
  return {.name = "rms_norm",
          .summary = "norms divide by the root mean square only: no mean, no shift",
          .maths =
              "y = γ·x / √(mean(x²) + ε) over the features, ε = the norm's own; no mean, no shift\n"
              "γ is learned if gain and if the model's norms have one; else γ = 1",
          .component = Component::kArchitecture,
          .verbs = {Verb::kReplace},
          .saves = Factor::kIterationCost,
          .raises = Factor::kNone,
          .cite = "Zhang and Sennrich, Root mean square layer normalization, arXiv:1910.07467",
          .uses = {{Site::plan(), Phase::kLayers}},
          .effects = kPlanModel,
          .families = {"gpt", "vit"},
          .relieves = {Bottleneck::kMemoryBandwidth, Bottleneck::kHost},
          .neutral = no_neutral("the mean is taken away or not"),
          .params = describe<RmsNormParams>()};
}
std::unique_ptr<Method> make_rms_norm(const RmsNormParams& params);

}  // namespace hasten
