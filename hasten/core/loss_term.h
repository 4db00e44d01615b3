// The seam for methods that change the loss of each sample.
#pragma once

#include <ATen/core/Tensor.h>

#include "hasten/core/state.h"
#include "hasten/spec/event.h"

namespace hasten {

class LossTerm {
 public:
  static constexpr Seam kSeam = Seam::kLossTerm;
  virtual ~LossTerm() = default;
  // Adds to, scales or replaces `losses`, float [n], one a sample of state.microbatch, before anything is reduced.
  // state.outputs holds the logits. Called in every pass, extra ones included.
  virtual void apply(at::Tensor& losses, State& state) = 0;
};

}  // namespace hasten
