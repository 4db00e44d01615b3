// The losses of recent steps, kept on the device and read once a window: no synchronisation per step.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <optional>

#include "hasten/core/state_visitor.h"

namespace hasten {

class LossWindow {
 public:
  static constexpr int64_t kCapacity = 50;
  explicit LossWindow(at::Device device = at::kCPU);

  void add(const at::Tensor& loss);  // the mean loss of one step, a scalar on the device
  bool full() const { return count_ == kCapacity; }
  bool empty() const { return count_ == 0; }

  struct Reading {
    double mean = 0;
    std::optional<int64_t> first_bad;  // index within the window of the first loss that is not finite
    int64_t count = 0;
  };
  Reading read_and_clear();  // waits for the device
  void state(StateVisitor& visitor);

 private:
  at::Tensor losses_;
  int64_t count_ = 0;
};

}  // namespace hasten
