// Convolutions whose filters' gradient is our own: LibTorch's kernels for it are slow on small images.
#pragma once

#include <ATen/core/Tensor.h>

namespace hasten {

// Whether the function below takes images x [n, channels, height, width] and filters [out, channels, k, k] at a stride of 1 and
// this padding: in bf16 on processors with tile registers, where a gradient will be asked for and it pays.
bool is_convolution_fused(const at::Tensor& x, const at::Tensor& weight, int64_t padding);

// In what matrices are multiplied in; an undefined bias is none. The gradient of the filters is summed in fp32.
at::Tensor fused_convolution(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, int64_t padding);

}  // namespace hasten
