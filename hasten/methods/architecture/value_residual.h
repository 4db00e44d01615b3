// value_residual: a shortcut for the values of attention.
#pragma once

#include <memory>

#include "hasten/spec/method_spec.h"

namespace hasten {

class Method;

struct ValueResidualParams {
  static constexpr auto schema() { return std::tuple{}; }
};

inline MethodSpec value_residual_spec() {
  return {.name = "value_residual",
          .summary = "later layers of attention mix the first one's values with their own",
          .maths =
              "v ← a·v₁ + b·v in every attention layer but the first, v₁ = values of the first\n"
              "a, b: two learned numbers a layer, 1/2 each at the start",
          .component = Component::kArchitecture,
          .verbs = {Verb::kRetrofit},
          .saves = Factor::kIterations,
          .raises = Factor::kIterationCost,
          .cite = "Zhou et al., Value residual learning, arXiv:2410.17897",
          .uses = {{Site::plan(), Phase::kLayers}},
          .effects = kPlanModel,
          .conflicts = {"activation_checkpointing"},  // the first layer is gone when later ones are computed again
          .families = {"gpt", "vit"},
          .relieves = {Bottleneck::kCompute},
          .neutral = no_neutral("the share of the first values is learned"),
          .params = describe<ValueResidualParams>()};
}
std::unique_ptr<Method> make_value_residual(const ValueResidualParams& params);

}  // namespace hasten
