// The seam for methods that compute the gradients of a batch in another way than by one forward and backward pass.
#pragma once

#include <ATen/core/Tensor.h>

#include "hasten/core/state.h"
#include "hasten/spec/event.h"

namespace hasten {

// Forward and backward over all microbatches of state.batch.
class GradientPass {
 public:
  virtual ~GradientPass() = default;
  // Adds the gradients to parameter.grad() and returns the mean loss, a scalar on the device. An extra pass leaves
  // running statistics and random state as they were, and fires no events; loss terms and block wrappers act in it.
  virtual at::Tensor run(bool extra) = 0;
};

class ForwardBackward {
 public:
  static constexpr Seam kSeam = Seam::kForwardBackward;
  virtual ~ForwardBackward() = default;
  // Leaves the gradients of the step in parameter.grad() and returns the loss that is recorded. Exactly one of the
  // passes is not extra.
  virtual at::Tensor compute(State& state, GradientPass& pass) = 0;
};

}  // namespace hasten
