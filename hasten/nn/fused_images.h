// The same for images: in one pass what LibTorch does in several. Channels lie last in memory; on a CPU, in fp32 or bf16.
#pragma once

#include <ATen/core/Tensor.h>

#include "hasten/kernels/channel_norm.h"

namespace hasten {

// Whether the functions below take the images [n, channels, height, width].
bool is_fused_image(const at::Tensor& x);

struct ChannelNormSettings {
  double epsilon = 1e-5, momentum = 0.1;
  kernels::ChannelActivation activation = kernels::ChannelActivation::kNone;
};
// Batch norm by the statistics of the batch, and the activation behind it. Undefined weight and bias stand for 1 and 0; mean
// and variance [channels] move towards the batch's unless they are undefined.
at::Tensor fused_batch_norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                            const at::Tensor& mean, const at::Tensor& variance, const ChannelNormSettings& settings);
// The same by given statistics. No gradient.
at::Tensor fused_fixed_norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                            const at::Tensor& mean, const at::Tensor& variance, const ChannelNormSettings& settings);

// Maxima over squares of two by two.
at::Tensor fused_max_pool(const at::Tensor& x);

}  // namespace hasten
