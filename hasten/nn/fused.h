// Operations that LibTorch does in several passes over memory, in one; with gradients. On a CPU, for fp32 and bf16: see
// is_fused. Loops are in nn/kernels.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>

#include "hasten/kernels/use.h"

namespace hasten {

// Whether the functions below take the tensor. Others go LibTorch's way.
bool is_fused(const at::Tensor& x);

// What matrices are multiplied in at this moment, where an input of them is x.
at::ScalarType format_of_products(const at::Tensor& x);

// Over the last dimension: by mean and variance, or by the root mean square. Undefined weight and bias stand for 1 and 0.
// In bf16 where that is what matrices are multiplied in, else in the format of x.
at::Tensor fused_feature_norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                              bool root_mean_square, double epsilon);

// max(x, 0)^2.
at::Tensor fused_relu_squared(const at::Tensor& x);

// x + branch of equal shapes, in the wider format of both.
at::Tensor fused_sum(const at::Tensor& x, const at::Tensor& branch);

struct HeadLayout {
  int64_t heads = 1;
  bool norm = false;  // queries and keys divided by their root mean square
  double epsilon = 0, scale = 1;
  at::Tensor cosine, sine;  // fp32 [tokens, features of a head / 2] of the angles by which pairs turn; undefined: none
};
// projected [n, tokens, 3 heads features] to queries, keys and values, each [n heads, tokens, features].
std::array<at::Tensor, 3> fused_heads(const at::Tensor& projected, const HeadLayout& layout);

}  // namespace hasten
