// A product with weights, its bias and its activation as one node of the graph: at small batches most of a step lies between operators.
#pragma once

#include <ATen/core/Tensor.h>

namespace hasten {

// Whether the function below takes x: rows in fp32 on a CPU, multiplied in fp32.
bool is_linear_fused(const at::Tensor& x);

// x [rows, in] times weight [out, in], plus bias [out] unless that is undefined, and max(., 0) of it where `relu`. By the operators
// of LibTorch, so to its bits. Differentiated once.
at::Tensor fused_linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, bool relu);

}  // namespace hasten
