// The losses of recent steps.
#include "hasten/train/loss_window.h"

#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

#include <cmath>

namespace hasten {

LossWindow::LossWindow(at::Device device)
    : losses_(at::zeros({kCapacity}, at::TensorOptions(at::kFloat).device(device))) {}

void LossWindow::add(const at::Tensor& loss) {
  c10::NoGradGuard no_grad;
  losses_.select(0, count_++).copy_(loss);
}

LossWindow::Reading LossWindow::read_and_clear() {
  Reading reading;
  reading.count = count_;
  at::Tensor host = losses_.cpu();
  const float* values = host.const_data_ptr<float>();
  for (int64_t i = 0; i < count_; ++i) {
    reading.mean += static_cast<double>(values[i]) / static_cast<double>(count_);
    if (!std::isfinite(values[i]) && !reading.first_bad) reading.first_bad = i;
  }
  count_ = 0;
  return reading;
}

void LossWindow::state(StateVisitor& visitor) {
  visitor.tensor("losses", losses_);
  visitor.integer("count", count_);
}

}  // namespace hasten
