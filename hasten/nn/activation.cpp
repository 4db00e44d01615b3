// Non-linearities by LibTorch, or by kernels of our own where it takes several passes.
#include "hasten/nn/activation.h"

#include <ATen/ops/gelu.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/tanh.h>

#include "hasten/nn/fused.h"

namespace hasten {

at::Tensor activated(const at::Tensor& x, ActivationKind function) {
  switch (function) {
    case ActivationKind::kRelu: return at::relu(x);
    case ActivationKind::kGelu: return at::gelu(x);
    case ActivationKind::kSilu: return at::silu(x);
    case ActivationKind::kTanh: return at::tanh(x);
    case ActivationKind::kReluSquared: return is_fused(x) ? fused_relu_squared(x) : at::relu(x).square();
  }
  return x;
}

}  // namespace hasten
