// weight_standardization: filters are used with mean zero and a fixed variance.
#pragma once

#include <memory>

#include "hasten/spec/method_spec.h"

namespace hasten {

class Method;

enum class FilterScale { kFanIn, kUnit };
constexpr std::array<std::string_view, 2> choices(FilterScale) { return {"fan_in", "unit"}; }

struct WeightStandardizationParams {
  double epsilon = 1e-10;
  FilterScale scale = FilterScale::kFanIn;
  double gain = 1;
  static constexpr auto schema() {
    using P = WeightStandardizationParams;
    return std::tuple{
        field("epsilon", &P::epsilon, above(0), "added to the variance of a filter"),
        field("scale", &P::scale, "fan_in: variance 1 / fan-in, which keeps the size of what passes; unit: variance 1"),
        field("gain", &P::gain, above(0), "multiplies the standardized filter")};
  }
};

inline MethodSpec weight_standardization_spec() {
  return {.name = "weight_standardization",
          .summary = "convolve with filters of mean 0 and fixed variance; the gradient flows through",
          .maths =
              "w ← gain·c·(w − mean) / √(variance + epsilon) of each filter of a convolution, in every pass\n"
              "c = 1 / √fan_in (scale = fan_in) or 1 (unit); the stored w stays, ∇ flows through mean and variance",
          .component = Component::kParameters,
          .verbs = {Verb::kRestrict, Verb::kRetrofit},
          .saves = Factor::kIterations,
          .raises = Factor::kIterationCost,
          .cite = "Qiao, Wang, Liu, Shen, Yuille, arXiv:1903.10520; fan_in: Brock, De, Smith, arXiv:2101.08692",
          .uses = {{Site::plan(), Phase::kLayers}, {Seam::kWeightTransform, Phase::kLayers}},
          .effects = kOutputs,
          .worsens = {Bottleneck::kMemoryBandwidth},
          .neutral = no_neutral("no filter is standardized to what it was"),
          .conformance = {{"gain", "1"}},
          .params = describe<WeightStandardizationParams>()};
}
std::unique_ptr<Method> make_weight_standardization(const WeightStandardizationParams& params);

}  // namespace hasten
