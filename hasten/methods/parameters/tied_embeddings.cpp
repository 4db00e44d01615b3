// tied_embeddings: logits are products with the rows of the embedding, so each row learns from both sides and the parameters
// of one matrix are saved. Where the vocabulary is small the matrix has little to say, and two may be better.
// Press and Wolf, Using the output embedding to improve language models (arXiv:1608.05859).
#include "hasten/methods/parameters/tied_embeddings.h"

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/core/method.h"
#include "hasten/spec/layers/dense.h"
#include "hasten/spec/layers/embedding.h"

namespace hasten {
namespace {

class TiedEmbeddings final : public MethodOf<TiedEmbeddingsParams> {
 public:
  using MethodOf::MethodOf;

  void plan(Plan& plan) override {
    std::string table;
    Shape rows;
    plan.model.each_layer([&](Block& block, Layer& layer) {
      if (layer.kind.as<Embedding>() == nullptr) return;
      table = cat(block.name, ".", layer.name, ".weight");
      rows = layer.parameter("weight")->shape;
    });
    Block& head = plan.model.blocks.back();
    for (Layer& layer : head.layers) {
      ParameterPlan* weight = layer.kind.as<Linear>() != nullptr ? layer.parameter("weight") : nullptr;
      if (weight != nullptr && weight->shape == rows && weight->same_as.empty()) weight->same_as = table;
    }
  }

  void state(StateVisitor&) override {}  // acts on the plan only
};

}  // namespace

std::unique_ptr<Method> make_tied_embeddings(const TiedEmbeddingsParams& params) {
  return std::make_unique<TiedEmbeddings>(params);
}

}  // namespace hasten
