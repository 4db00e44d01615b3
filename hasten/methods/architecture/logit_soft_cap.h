// logit_soft_cap: bounded outputs.
#pragma once

#include <memory>

#include "hasten/spec/method_spec.h"

namespace hasten {

class Method;

struct LogitSoftCapParams {
  double cap = 15;
  static constexpr auto schema() {
    return std::tuple{field("cap", &LogitSoftCapParams::cap, above(0), "the largest logit")};
  }
};

inline MethodSpec logit_soft_cap_spec() {
  return {.name = "logit_soft_cap",
          .summary = "logits stay within a bound, by tanh",
          .maths = "z ← cap·tanh(z / cap) for the logits z",
          .component = Component::kArchitecture,
          // Logits keep within a bound, and the layers stay; others count it to a block that replaces.
          .verbs = {Verb::kRestrict},
          .saves = Factor::kIterations,
          .raises = Factor::kIterationCost,
          .cite = "Gemma Team, Gemma 2, arXiv:2408.00118; Bello et al., arXiv:1611.09940",
          .uses = {{Site::plan(), Phase::kLayers}},
          .effects = kPlanModel,
          .families = {"gpt"},
          .relieves = {Bottleneck::kCompute},
          .neutral = no_neutral("any bound bends the logits"),
          .params = describe<LogitSoftCapParams>()};
}
std::unique_ptr<Method> make_logit_soft_cap(const LogitSoftCapParams& params);

}  // namespace hasten
