// The loss of each sample.
#include "hasten/nn/loss.h"

#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/log_softmax.h>

namespace hasten {

at::Tensor cross_entropy(const at::Tensor& logits, const at::Tensor& labels, const at::Tensor& targets) {
  const at::Tensor wide = logits.to(at::kFloat);
  at::Tensor each;
  if (targets.defined()) {
    each = at::log_softmax(wide, -1).mul(targets).sum(-1).neg();
  } else {
    each = at::cross_entropy_loss(wide.reshape({-1, wide.size(-1)}), labels.reshape({-1}), {}, at::Reduction::None);
  }
  return labels.dim() == 1 ? each : each.view(labels.sizes()).mean(1);
}

}  // namespace hasten
