// rotary_embedding: pairs of features of queries and keys are points that turn with their position, so scores depend on the
// distance of two tokens; the learned vectors of positions go.
// Su, Lu, Pan, Murtadha, Wen, Liu, RoFormer (arXiv:2104.09864).
#include "hasten/methods/architecture/rotary_embedding.h"

#include "hasten/core/method.h"
#include "hasten/spec/layers/attention.h"
#include "hasten/spec/layers/embedding.h"

namespace hasten {
namespace {

class RotaryEmbedding final : public MethodOf<RotaryEmbeddingParams> {
 public:
  using MethodOf::MethodOf;

  void plan(Plan& plan) override {
    for (Block& block : plan.model.blocks) {
      std::erase_if(block.layers, [](const Layer& layer) { return layer.kind.as<PositionEmbedding>() != nullptr; });
      for (Layer& layer : block.layers) {
        SelfAttention* attention = layer.kind.as<SelfAttention>();
        if (attention == nullptr) continue;
        attention->rotary = true;
        attention->rotary_base = params_.base;
      }
    }
    plan.model.infer();
  }

  void state(StateVisitor&) override {}  // acts on the plan only
};

}  // namespace

std::unique_ptr<Method> make_rotary_embedding(const RotaryEmbeddingParams& params) {
  return std::make_unique<RotaryEmbedding>(params);
}

}  // namespace hasten
