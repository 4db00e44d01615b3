// gradient_centralization: the gradient of each filter is shifted to mean zero.
#pragma once

#include <memory>

#include "hasten/spec/method_spec.h"

namespace hasten {

class Method;

enum class CentredLayers { kAll, kFilters };
constexpr std::array<std::string_view, 2> choices(CentredLayers) { return {"all", "filters"}; }

struct GradientCentralizationParams {
  double amount = 1;
  CentredLayers layers = CentredLayers::kAll;
  static constexpr auto schema() {
    using P = GradientCentralizationParams;
    return std::tuple{
        field("amount", &P::amount, {0, 1}, "share of the mean that is taken away"),
        field("layers", &P::layers, "all: filters and matrices, embeddings too; filters: those of convolutions only")};
  }
};

inline MethodSpec gradient_centralization_spec() {
  return {.name = "gradient_centralization",
          .summary = "take the mean over the inputs of each filter or row out of its gradient",
          .maths =
              "g_i ← g_i − amount·mean(g_i) for the gradient g_i of each output filter or row i of several inputs\n"
              "layers = all: parameters of 4 and 2 dimensions; filters: of 4",
          .component = Component::kDerivatives,
          .verbs = {Verb::kRestrict},
          .saves = Factor::kIterations,
          .raises = Factor::kNone,
          .cite = "Yong, Huang, Hua, Zhang, arXiv:2004.01461",
          .uses = {{Site::plan(), Phase::kLayers}, {Event::kGradientsReady, Phase::kGradient}},
          .effects = kGradients,
          .neutral = exact("amount", 0),
          .conformance = {{"amount", "1"}},
          .params = describe<GradientCentralizationParams>()};
}
std::unique_ptr<Method> make_gradient_centralization(const GradientCentralizationParams& params);

}  // namespace hasten
