// Tokens and what comes before and behind them.
#include "hasten/nn/sequence_modules.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/empty_like.h>

#include "hasten/spec/layers/embedding.h"
#include "hasten/spec/layers/sequence.h"

namespace hasten {
namespace {

class EmbeddingModule final : public LayerModule {
 public:
  EmbeddingModule(const Embedding& plan, const ParameterSource& get)
      : plan_(plan), weight_(get("weight")), pair_weight_(get("pair_weight")) {}
  // x [n, tokens] of whole numbers.
  at::Tensor forward(const at::Tensor& x, const PassMode&) override {
    const at::Tensor rows = at::embedding(weight_(), x);
    return plan_.pairs > 0 ? rows.add(at::embedding(pair_weight_(), pairs_of(x))) : rows;
  }

 private:
  // The row of the pair that each token makes with the one before it. Before the first stands one that is none of them.
  at::Tensor pairs_of(const at::Tensor& x) const {
    const int64_t length = x.size(1), tokens = plan_.entries;
    at::Tensor rows = at::empty_like(x);
    rows.narrow(1, 0, 1).copy_(x.narrow(1, 0, 1)).add_(tokens * tokens);
    rows.narrow(1, 1, length - 1).copy_(x.narrow(1, 0, length - 1)).mul_(tokens).add_(x.narrow(1, 1, length - 1));
    if (plan_.pairs >= tokens * (tokens + 1)) return rows;
    return rows.mul_(kMultiplier).bitwise_and_(kPositive).remainder_(plan_.pairs);
  }

  // Knuth's multiplicative hash: 2^32 over the golden ratio.
  static constexpr int64_t kMultiplier = 2654435769, kPositive = 0x7fffffff;
  Embedding plan_;
  EffectiveTensor weight_, pair_weight_;
};

class PositionEmbeddingModule final : public LayerModule {
 public:
  explicit PositionEmbeddingModule(const ParameterSource& get) : weight_(get("weight")) {}
  at::Tensor forward(const at::Tensor& x, const PassMode&) override { return x.add(weight_().narrow(0, 0, x.size(1))); }

 private:
  EffectiveTensor weight_;
};

class PixelSequenceModule final : public LayerModule {
 public:
  // [n, c, h, w] to [n, h w, c]: a view where channels lie last in memory.
  at::Tensor forward(const at::Tensor& x, const PassMode&) override {
    return x.permute({0, 2, 3, 1}).reshape({x.size(0), -1, x.size(1)});
  }
};

class ClassTokenModule final : public LayerModule {
 public:
  explicit ClassTokenModule(const ParameterSource& get) : weight_(get("weight")) {}
  at::Tensor forward(const at::Tensor& x, const PassMode&) override {
    return at::cat({weight_().to(x.scalar_type()).expand({x.size(0), 1, x.size(2)}), x}, 1);
  }

 private:
  EffectiveTensor weight_;
};

class TokenAverageModule final : public LayerModule {
 public:
  at::Tensor forward(const at::Tensor& x, const PassMode&) override { return x.mean(1); }
};

class FirstTokenModule final : public LayerModule {
 public:
  at::Tensor forward(const at::Tensor& x, const PassMode&) override { return x.select(1, 0); }
};

}  // namespace

std::unique_ptr<LayerModule> sequence_module(const Layer& layer, const ParameterSource& get) {
  const LayerKind& kind = layer.kind;
  if (const auto* plan = kind.as<Embedding>()) return std::make_unique<EmbeddingModule>(*plan, get);
  if (kind.as<PositionEmbedding>() != nullptr) return std::make_unique<PositionEmbeddingModule>(get);
  if (kind.as<PixelSequence>() != nullptr) return std::make_unique<PixelSequenceModule>();
  if (kind.as<ClassToken>() != nullptr) return std::make_unique<ClassTokenModule>(get);
  if (kind.as<TokenAverage>() != nullptr) return std::make_unique<TokenAverageModule>();
  if (kind.as<FirstToken>() != nullptr) return std::make_unique<FirstTokenModule>();
  return nullptr;
}

}  // namespace hasten
