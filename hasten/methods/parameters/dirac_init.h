// dirac_init: convolutions start as identities.
#pragma once

#include <memory>

#include "hasten/spec/method_spec.h"

namespace hasten {

class Method;

struct DiracInitParams {
  static constexpr auto schema() { return std::tuple{}; }
};

inline MethodSpec dirac_init_spec() {
  return {.name = "dirac_init",
          .summary = "convolutions behind the stem pass their input through at the start",
          .maths =
              "w[o, i, centre] = 1 if o = i, else 0, for filters o < min(out, in); the others from U(±1 / √fan_in)\n"
              "of ungrouped convolutions of the body outside residual blocks",
          .component = Component::kParameters,
          .verbs = {Verb::kReplace},
          .saves = Factor::kIterations,
          .raises = Factor::kNone,
          .cite = "Zagoruyko and Komodakis, DiracNets, arXiv:1706.00388; K. Jordan, arXiv:2404.00498",
          .uses = {{Site::plan(), Phase::kInitialize}},
          .effects = kPlanModel,
          .families = {"convnet"},
          .relieves = {Bottleneck::kCompute},
          .neutral = no_neutral("a start value is that or another"),
          .params = describe<DiracInitParams>()};
}
std::unique_ptr<Method> make_dirac_init(const DiracInitParams& params);

}  // namespace hasten
