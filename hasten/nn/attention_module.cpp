// Causal self-attention: fused, or by products whose scores are written.
#include "hasten/nn/attention_module.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/baddbmm.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/dropout.h>
#include <ATen/ops/full.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/outer.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/rms_norm.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/softmax.h>

#include <cmath>
#include <limits>

namespace hasten {
namespace {

// On a CPU the fused kernel is ahead where sequences are long, and not below; docs/performance.md has the measurement.
constexpr int64_t kFusedFrom = 1024;

class SelfAttentionModule final : public LayerModule {
 public:
  SelfAttentionModule(const SelfAttention& plan, const ParameterSource& get) : plan_(plan) {
    for (size_t i = 0; i < kProjections.size(); ++i) {
      weights_[i] = get(std::string(kProjections[i]) + "_weight");
      biases_[i] = get(std::string(kProjections[i]) + "_bias");
    }
  }

  at::Tensor forward(const at::Tensor& x, const PassMode& mode) override {
    const int64_t samples = x.size(0), tokens = x.size(1), features = x.size(2), each = features / plan_.heads;
    std::array<at::Tensor, 3> heads;  // [n, heads, tokens, features of a head]
    for (size_t i = 0; i < heads.size(); ++i) {
      heads[i] = at::linear(x, weights_[i](), biases_[i]()).view({samples, tokens, plan_.heads, each});
      const bool matched = i < 2;  // queries and keys
      if (matched && plan_.qk_norm) heads[i] = at::rms_norm(heads[i], {each}, std::nullopt, kEpsilon);
      if (matched && plan_.rotary) heads[i] = turned(heads[i]);
      heads[i] = heads[i].transpose(1, 2);
    }
    const double dropout = mode.training ? plan_.dropout : 0;
    const at::Tensor seen = is_fused(x, dropout)
                                ? at::scaled_dot_product_attention(heads[0], heads[1], heads[2], {}, 0, true)
                                : written(heads, dropout);
    return at::linear(seen.transpose(1, 2).reshape({samples, tokens, features}), weights_[3](), biases_[3]());
  }

 private:
  static constexpr std::array<const char*, 4> kProjections{"query", "key", "value", "output"};
  static constexpr double kEpsilon = 1e-6;

  bool is_fused(const at::Tensor& x, double dropout) const {
    if (plan_.kernel != AttentionKernel::kAuto) return plan_.kernel == AttentionKernel::kFused;
    return dropout == 0 && (!x.is_cpu() || x.size(1) >= kFusedFrom);
  }

  // Scores are masked by what they are added to.
  at::Tensor written(const std::array<at::Tensor, 3>& heads, double dropout) {
    const int64_t samples = heads[0].size(0), tokens = heads[0].size(2), each = heads[0].size(3);
    const int64_t rows = samples * plan_.heads;
    const auto flat = [&](const at::Tensor& head) { return head.reshape({rows, tokens, each}); };
    const at::Tensor scores = at::baddbmm(mask(heads[0]).expand({rows, tokens, tokens}), flat(heads[0]),
                                          flat(heads[1]).transpose(1, 2), 1, 1 / std::sqrt(static_cast<double>(each)));
    at::Tensor weights = at::softmax(scores, -1);
    if (dropout > 0) weights = at::dropout(weights, dropout, true);
    return at::bmm(weights, flat(heads[2])).view({samples, plan_.heads, tokens, each});
  }

  at::Tensor mask(const at::Tensor& like) {
    const int64_t tokens = like.size(2);
    if (!mask_.defined() || mask_.size(0) != tokens || mask_.scalar_type() != like.scalar_type()) {
      mask_ = at::full({tokens, tokens}, -std::numeric_limits<double>::infinity(), like.options()).triu(1);
    }
    return mask_;
  }

  // The two halves of a head's features are the coordinates of points that turn with the position.
  at::Tensor turned(const at::Tensor& head) {
    const int64_t tokens = head.size(1), half = head.size(3) / 2;
    if (!cosine_.defined() || cosine_.size(0) < tokens || cosine_.scalar_type() != head.scalar_type()) {
      const at::TensorOptions wide = head.options().dtype(at::kDouble);
      const at::Tensor speed = at::pow(plan_.rotary_base, at::arange(half, wide).div(-static_cast<double>(half)));
      const at::Tensor angle = at::outer(at::arange(tokens, wide), speed).unsqueeze(1);  // [tokens, 1, half]
      cosine_ = angle.cos().to(head.scalar_type());
      sine_ = angle.sin().to(head.scalar_type());
    }
    const at::Tensor cosine = cosine_.narrow(0, 0, tokens), sine = sine_.narrow(0, 0, tokens);
    const at::Tensor x = head.narrow(3, 0, half), y = head.narrow(3, half, half);
    return at::cat({x.mul(cosine).sub(y.mul(sine)), y.mul(cosine).add(x.mul(sine))}, 3);
  }

  SelfAttention plan_;
  std::array<EffectiveTensor, 4> weights_, biases_;
  at::Tensor mask_, cosine_, sine_;  // of the longest input so far; not state, since they follow from the plan
};

}  // namespace

std::unique_ptr<LayerModule> attention_module(const SelfAttention& plan, const ParameterSource& parameters) {
  return std::make_unique<SelfAttentionModule>(plan, parameters);
}

}  // namespace hasten
