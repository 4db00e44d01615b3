// Attention of a sequence to itself, with several heads (Vaswani et al. 2017, arXiv:1706.03762).
#pragma once

#include "hasten/spec/layer.h"

namespace hasten {

// fused: one kernel that never writes the scores; explicit: products and a softmax. Which is faster depends on length and
// machine; see docs/performance.md.
enum class AttentionKernel { kAuto, kFused, kExplicit };
constexpr std::array<std::string_view, 3> choices(AttentionKernel) { return {"auto", "fused", "explicit"}; }

// Values of the first layer that later ones mix with their own.
enum class ValueMixing { kNone, kSource, kMixed };
constexpr std::array<std::string_view, 3> choices(ValueMixing) { return {"none", "source", "mixed"}; }

struct SelfAttention {
  static constexpr const char* kKind = "self_attention";
  int64_t heads = 4;
  bool bias = true;
  bool rotary = false;
  double rotary_base = 10000;
  bool causal = true;
  bool qk_norm = false;
  ValueMixing value_residual = ValueMixing::kNone;
  double dropout = 0;
  AttentionKernel kernel = AttentionKernel::kAuto;
  static constexpr auto schema() {
    using P = SelfAttention;
    return std::tuple{
        field("heads", &P::heads, at_least(1), "heads; they share the features"),
        field("bias", &P::bias, "whether the projections add a bias"),
        field("rotary", &P::rotary, "positions by turning queries and keys (Su et al. 2021, arXiv:2104.09864)"),
        field("rotary_base", &P::rotary_base, above(1), "wavelengths go from 2 pi tokens to this many times it"),
        field("causal", &P::causal, "whether a token sees itself and those before it only"),
        field("qk_norm", &P::qk_norm, "queries and keys of one length a head (Henry et al. 2020, arXiv:2010.04245)"),
        field("value_residual", &P::value_residual,
              "whether later layers use this one's values, or this one those (Zhou et al. 2024, arXiv:2410.17897)"),
        field("dropout", &P::dropout, half_open(0, 1), "chance that a weight of attention is dropped"),
        field("kernel", &P::kernel, "how it is computed; the values agree to rounding")};
  }
  // {tokens, features}.
  Shape output(const Shape& in) const;
  std::vector<ParameterPlan> parameters(const Shape& in) const;
  double flops(const Shape& in) const;
};

}  // namespace hasten
