// Attention whose scores never reach memory, with gradients: Dao et al. 2022 (arXiv:2205.14135). In bf16 on processors with
// tile registers; LibTorch's kernel of this kind is slower than plain products where sequences are short.
#pragma once

#include <ATen/core/Tensor.h>

namespace hasten {

// Whether the function below takes queries like these: up to 1,024 tokens. Others go LibTorch's way.
bool is_attention_fused(const at::Tensor& queries);

// Queries (scaled), keys and values [n heads, tokens, features of a head] to [n, tokens, heads features].
at::Tensor fused_attention(const at::Tensor& queries, const at::Tensor& keys, const at::Tensor& values, int64_t heads,
                           bool causal);

}  // namespace hasten
