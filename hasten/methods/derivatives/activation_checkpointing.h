// activation_checkpointing: what a block computed is thrown away and computed again in the backward pass.
#pragma once

#include <memory>
#include <vector>

#include "hasten/spec/method_spec.h"

namespace hasten {

class Method;

struct ActivationCheckpointingParams {
  int64_t every = 1;
  std::vector<int64_t> blocks{};
  static constexpr auto schema() {
    using P = ActivationCheckpointingParams;
    return std::tuple{field("every", &P::every, at_least(1),
                            "every so many blocks, from the first on, is computed again; never the last", "blocks"),
                      field("blocks", &P::blocks, at_least(1), "these blocks instead, counted from 1")};
  }
};

inline MethodSpec activation_checkpointing_spec() {
  return {.name = "activation_checkpointing",
          .summary = "keep only the inputs of blocks; compute the rest again when gradients need it",
          .maths =
              "forward keeps x of a block; backward runs y = f(x) again, same random numbers, then ∂L/∂x and ∂L/∂θ\n"
              "blocks 1, 1 + every, 1 + 2·every, …, or those in blocks; never the last; gradients stay bit for bit",
          .component = Component::kDerivatives,
          .verbs = {Verb::kReplace},
          .saves = Factor::kNone,
          .raises = Factor::kIterationCost,
          .cite = "Chen, Xu, Zhang, Guestrin, Training deep nets with sublinear memory cost, arXiv:1604.06174",
          .uses = {{Site::plan(), Phase::kLayers}, {Seam::kBlockWrapper, Phase::kRecompute}},
          .effects = kNoEffect,
          .relieves = {Bottleneck::kMemory},
          .worsens = {Bottleneck::kCompute},
          .neutral = no_neutral("every setting gives the baseline's numbers; memory and FLOPs differ"),
          .conformance = {{"every", "1"}},
          .params = describe<ActivationCheckpointingParams>()};
}
std::unique_ptr<Method> make_activation_checkpointing(const ActivationCheckpointingParams& params);

}  // namespace hasten
