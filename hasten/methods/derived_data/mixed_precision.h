// mixed_precision: convolutions and products in bfloat16.
#pragma once

#include <memory>

#include "hasten/spec/method_spec.h"
#include "hasten/spec/recipe.h"

namespace hasten {

class Method;

struct MixedPrecisionParams {
  Compute compute = Compute::kBf16;
  static constexpr auto schema() {
    return std::tuple{
        field("compute", &MixedPrecisionParams::compute, "format of activations; weights and sums stay fp32")};
  }
};

inline MethodSpec mixed_precision_spec() {
  return {.name = "mixed_precision",
          .summary = "activations and products in 16 bits, weights and statistics in 32",
          .maths =
              "compute = bf16: convolutions and matrix products in bfloat16; weights, updates and loss in fp32\n"
              "no loss scaling",
          .component = Component::kDerivedData,
          .verbs = {Verb::kRestrict},
          .saves = Factor::kIterationCost,
          .raises = Factor::kNone,
          .cite = "Micikevicius et al., arXiv:1710.03740; Kalamkar et al. (bfloat16), arXiv:1905.12322",
          .uses = {{Site::plan(), Phase::kPrecision}},
          .effects = kPlanRun,
          .relieves = {Bottleneck::kCompute, Bottleneck::kMemoryBandwidth, Bottleneck::kMemory},
          .neutral = no_neutral("compute = \"fp32\" is refused where it is the baseline's"),
          .params = describe<MixedPrecisionParams>()};
}
std::unique_ptr<Method> make_mixed_precision(const MixedPrecisionParams& params);

}  // namespace hasten
