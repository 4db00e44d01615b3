// qk_norm: queries and keys are normalised.
#pragma once

#include <memory>

#include "hasten/spec/method_spec.h"

namespace hasten {

class Method;

struct QkNormParams {
  static constexpr auto schema() { return std::tuple{}; }
};

inline MethodSpec qk_norm_spec() {
  return {.name = "qk_norm",
          .summary = "queries and keys of one length, so that scores stay bounded at large learning rates",
          .maths =
              "q ← q / √(mean(q²) + 1e-6), k alike, over the features of each head of a token; no gain is learned\n"
              "before rotation, if any, and before scores q·k / √(features of a head)",
          .component = Component::kArchitecture,
          // Queries and keys keep one length, and the layers stay; others count it to a block that replaces.
          .verbs = {Verb::kRestrict},
          .saves = Factor::kIterations,
          .raises = Factor::kIterationCost,
          .cite = "Henry et al., arXiv:2010.04245; Dehghani et al., arXiv:2302.05442",
          .uses = {{Site::plan(), Phase::kLayers}},
          .effects = kPlanModel,
          .families = {"gpt", "vit"},
          .relieves = {Bottleneck::kCompute},
          .neutral = no_neutral("a length is fixed or free"),
          .params = describe<QkNormParams>()};
}
std::unique_ptr<Method> make_qk_norm(const QkNormParams& params);

}  // namespace hasten
