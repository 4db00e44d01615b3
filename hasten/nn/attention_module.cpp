// Self-attention: fused, or by products whose scores are written.
#include "hasten/nn/attention_module.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/baddbmm.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/dropout.h>
#include <ATen/ops/full.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/rms_norm.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/softmax.h>

#include <cmath>
#include <limits>

#include "hasten/nn/fused.h"
#include "hasten/nn/fused_attention.h"
#include "hasten/nn/pass_stream.h"

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
    value_mix_ = get("value_mix");
  }

  at::Tensor forward(const at::Tensor& x, const PassMode& mode) override {
    const int64_t samples = x.size(0);
    Heads heads = is_fused(x) ? heads_at_once(x) : heads_by_steps(x);
    if (plan_.value_residual != ValueMixing::kNone) heads[2] = mixed(heads[2], mode);
    const double dropout = mode.training ? plan_.dropout : 0;
    return at::linear(seen_by(heads, samples, dropout), weights_[3](), biases_[3]());
  }

 private:
  static constexpr std::array<const char*, 4> kProjections{"query", "key", "value", "output"};
  static constexpr double kEpsilon = 1e-6;

  using Heads = std::array<at::Tensor, 3>;  // queries, scaled, keys, values: [n heads, tokens, features of a head]

  // [samples, tokens, features] before the last product.
  at::Tensor seen_by(const Heads& heads, int64_t samples, double dropout) {
    if (plan_.kernel == AttentionKernel::kAuto && dropout == 0 && is_attention_fused(heads[0])) {
      return fused_attention(heads[0], heads[1], heads[2], plan_.heads, plan_.causal);
    }
    const int64_t tokens = heads[0].size(1), each = heads[0].size(2);
    at::Tensor seen;
    if (is_one_kernel(heads[0], dropout)) {
      const auto apart = [&](size_t i) { return heads[i].view({samples, plan_.heads, tokens, each}); };
      seen = at::scaled_dot_product_attention(apart(0), apart(1), apart(2), {}, 0, plan_.causal, /*scale=*/1.0);
    } else {
      seen = at::bmm(weights_of(heads, dropout), heads[2]).view({samples, plan_.heads, tokens, each});
    }
    return seen.transpose(1, 2).reshape({samples, tokens, plan_.heads * each});
  }

  bool is_one_kernel(const at::Tensor& x, double dropout) const {
    if (plan_.kernel != AttentionKernel::kAuto) return plan_.kernel == AttentionKernel::kFused;
    return dropout == 0 && (!x.is_cpu() || x.size(1) >= kFusedFrom);
  }

  double scale(const at::Tensor& x) const {
    return 1 / std::sqrt(static_cast<double>(x.size(2)) / static_cast<double>(plan_.heads));
  }

  // One product for the three projections, one pass for all that becomes of it.
  Heads heads_at_once(const at::Tensor& x) {
    const at::Tensor weight = at::cat({weights_[0](), weights_[1](), weights_[2]()});
    const at::Tensor bias = plan_.bias ? at::cat({biases_[0](), biases_[1](), biases_[2]()}) : at::Tensor();
    HeadLayout layout{plan_.heads, plan_.qk_norm, kEpsilon, scale(x), {}, {}};
    if (plan_.rotary) {
      turns_for(x.size(1), x.size(2) / plan_.heads, x.options().dtype(at::kFloat));
      layout.cosine = cosine_.narrow(0, 0, x.size(1));
      layout.sine = sine_.narrow(0, 0, x.size(1));
    }
    return fused_heads(at::linear(x, weight, bias), layout);
  }

  Heads heads_by_steps(const at::Tensor& x) {
    const int64_t samples = x.size(0), tokens = x.size(1), each = x.size(2) / plan_.heads;
    Heads heads;
    for (size_t i = 0; i < heads.size(); ++i) {
      at::Tensor head = at::linear(x, weights_[i](), biases_[i]()).view({samples, tokens, plan_.heads, each});
      const bool matched = i < 2;  // queries and keys
      if (matched && plan_.qk_norm) head = at::rms_norm(head, {each}, std::nullopt, kEpsilon);
      if (matched && plan_.rotary) head = turned(head);
      if (i == 0) head = head.mul(scale(x));
      heads[i] = head.transpose(1, 2).reshape({samples * plan_.heads, tokens, each});
    }
    return heads;
  }

  at::Tensor weights_of(const Heads& heads, double dropout) {
    const at::Tensor keys = heads[1].transpose(1, 2);
    const std::array<int64_t, 3> all{keys.size(0), keys.size(2), keys.size(2)};
    const at::Tensor scores =
        plan_.causal ? at::baddbmm(mask(heads[0]).expand(all), heads[0], keys) : at::bmm(heads[0], keys);
    const at::Tensor weights = at::softmax(scores, -1);
    return dropout > 0 ? at::dropout(weights, dropout, true) : weights;
  }

  // Where the first layer was left out of this pass there is nothing to mix with.
  at::Tensor mixed(const at::Tensor& values, const PassMode& mode) const {
    if (mode.stream == nullptr) return values;
    if (plan_.value_residual == ValueMixing::kSource) {
      mode.stream->values = values;
      return values;
    }
    const at::Tensor& first = mode.stream->values;
    if (!first.defined()) return values;
    const at::Tensor mix = value_mix_().to(values.scalar_type());
    return first.mul(mix.select(0, 0)).add(values.mul(mix.select(0, 1)));
  }

  at::Tensor mask(const at::Tensor& like) {
    const int64_t tokens = like.size(1);
    if (!mask_.defined() || mask_.size(0) != tokens || mask_.scalar_type() != like.scalar_type()) {
      mask_ = at::full({tokens, tokens}, -std::numeric_limits<double>::infinity(), like.options()).triu(1);
    }
    return mask_;
  }

  // The two halves of a head's features are the coordinates of points that turn with the position: the angles' cosine and
  // sine, [tokens or more, features / 2].
  void turns_for(int64_t tokens, int64_t features, const at::TensorOptions& options) {
    if (cosine_.defined() && cosine_.size(0) >= tokens && cosine_.dtype() == options.dtype()) return;
    const int64_t half = features / 2;
    const at::TensorOptions wide = options.dtype(at::kDouble);
    const at::Tensor speed = at::pow(plan_.rotary_base, at::arange(half, wide).div(-static_cast<double>(half)));
    // Not by an outer product, which would be counted as work of the step that happens to be the first.
    const at::Tensor angle = at::arange(tokens, wide).unsqueeze(1).mul(speed);
    cosine_ = angle.cos().to(options.dtype());
    sine_ = angle.sin().to(options.dtype());
  }

  at::Tensor turned(const at::Tensor& head) {
    const int64_t tokens = head.size(1), half = head.size(3) / 2;
    turns_for(tokens, head.size(3), head.options());
    const at::Tensor cosine = cosine_.narrow(0, 0, tokens).unsqueeze(1), sine = sine_.narrow(0, 0, tokens).unsqueeze(1);
    const at::Tensor x = head.narrow(3, 0, half), y = head.narrow(3, half, half);
    return at::cat({x.mul(cosine).sub(y.mul(sine)), y.mul(cosine).add(x.mul(sine))}, 3);
  }

  SelfAttention plan_;
  std::array<EffectiveTensor, 4> weights_, biases_;
  EffectiveTensor value_mix_;
  at::Tensor mask_, cosine_, sine_;  // of the longest input so far; not state, since they follow from the plan
};

}  // namespace

std::unique_ptr<LayerModule> attention_module(const SelfAttention& plan, const ParameterSource& parameters) {
  return std::make_unique<SelfAttentionModule>(plan, parameters);
}

}  // namespace hasten
