// zero_init: residual branches and the output layer start at zero.
#pragma once

#include <memory>

#include "hasten/spec/method_spec.h"

namespace hasten {

class Method;

struct ZeroInitParams {
  bool output = true;
  static constexpr auto schema() {
    return std::tuple{
        field("output", &ZeroInitParams::output,
              "whether the output layer starts at zero, too, unless its matrix is that of the embedding")};
  }
};

inline MethodSpec zero_init_spec() {
  return {
      .name = "zero_init",
      .summary = "blocks add nothing at the start: their last weights are zero, and so are the output layer's",
      .maths =
          "gain of the norm that ends a residual branch, else the branch's last matrix ← 0 at the start\n"
          "output: so is the last matrix of the head, unless it is that of the embedding",
      .component = Component::kParameters,
      .verbs = {Verb::kReplace},
      .saves = Factor::kIterations,
      .raises = Factor::kNone,
      .cite =
          "Goyal et al., arXiv:1706.02677 (last norm of residual blocks); Zhang, Dauphin, Ma, Fixup, arXiv:1901.09321",
      .uses = {{Site::plan(), Phase::kInitialize}},
      .effects = kPlanModel,
      .families = {"resnet", "gpt", "vit"},
      .relieves = {Bottleneck::kCompute},
      .neutral = no_neutral("a start value is that or another"),
      .params = describe<ZeroInitParams>()};
}
std::unique_ptr<Method> make_zero_init(const ZeroInitParams& params);

}  // namespace hasten
