// bigram_hash_embedding: x_t = E[w_t] + P[h(w_{t-1}, w_t)]: what a pair of tokens says of the next one is looked up and need
// not be computed by attention. The table starts at zero.
// Hash embeddings: Svenstrup, Hansen, Winther (arXiv:1709.03933); for pairs: modded-nanogpt, record 62.
#include "hasten/methods/architecture/bigram_hash_embedding.h"

#include <algorithm>

#include "hasten/core/method.h"
#include "hasten/spec/layers/embedding.h"

namespace hasten {
namespace {

constexpr int64_t kMostRows = 65536;

class BigramHashEmbedding final : public MethodOf<BigramHashEmbeddingParams> {
 public:
  using MethodOf::MethodOf;

  void plan(Plan& plan) override {
    plan.model.each_layer([&](Block&, Layer& layer) {
      Embedding* embedding = layer.kind.as<Embedding>();
      if (embedding == nullptr) return;
      const int64_t pairs = embedding->entries * (embedding->entries + 1);
      embedding->pairs = std::min(pairs, params_.rows > 0 ? params_.rows : kMostRows);
    });
    plan.model.infer();
  }

  void state(StateVisitor&) override {}  // acts on the plan only
};

}  // namespace

std::unique_ptr<Method> make_bigram_hash_embedding(const BigramHashEmbeddingParams& params) {
  return std::make_unique<BigramHashEmbedding>(params);
}

}  // namespace hasten
