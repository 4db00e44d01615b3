// relu_squared: another activation.
#pragma once

#include <memory>

#include "hasten/spec/method_spec.h"

namespace hasten {

class Method;

struct ReluSquaredParams {
  static constexpr auto schema() { return std::tuple{}; }
};

inline MethodSpec relu_squared_spec() {
  return {.name = "relu_squared",
          .summary = "the small networks of a transformer square what passes a ReLU",
          .maths = "f(x) = max(x, 0)² for every activation and gate of the body's blocks",
          .component = Component::kArchitecture,
          .verbs = {Verb::kReplace},
          .saves = Factor::kIterations,
          .raises = Factor::kNone,
          .cite = "So et al., Primer, arXiv:2109.08668",
          .uses = {{Site::plan(), Phase::kLayers}},
          .effects = kPlanModel,
          .families = {"gpt", "vit"},
          .relieves = {Bottleneck::kCompute},
          .neutral = no_neutral("one function or another"),
          .params = describe<ReluSquaredParams>()};
}
std::unique_ptr<Method> make_relu_squared(const ReluSquaredParams& params);

}  // namespace hasten
