// rotary_embedding: attention depends on distances.
#pragma once

#include <memory>

#include "hasten/spec/method_spec.h"

namespace hasten {

class Method;

struct RotaryEmbeddingParams {
  double base = 10000;
  static constexpr auto schema() {
    return std::tuple{field("base", &RotaryEmbeddingParams::base, above(1),
                            "wavelengths go from 2 pi tokens to this many times it; shorter for short contexts")};
  }
};

inline MethodSpec rotary_embedding_spec() {
  return {.name = "rotary_embedding",
          .summary = "positions by turning queries and keys instead of learned vectors",
          .maths =
              "(x_i, x_{i + d/2}) of queries and keys turns by position·base^(−2i / d), i < d/2; d features a head\n"
              "learned vectors of positions are removed",
          .component = Component::kArchitecture,
          .verbs = {Verb::kReplace},
          .saves = Factor::kIterations,
          .raises = Factor::kIterationCost,
          .cite = "Su et al., RoFormer, arXiv:2104.09864",
          .uses = {{Site::plan(), Phase::kStructure}},
          .effects = kPlanModel,
          .families = {"gpt"},
          .relieves = {Bottleneck::kCompute},
          .neutral = no_neutral("places are learned or turned"),
          .params = describe<RotaryEmbeddingParams>()};
}
std::unique_ptr<Method> make_rotary_embedding(const RotaryEmbeddingParams& params);

}  // namespace hasten
