// A forward pass that leaves no trace.
#pragma once

#include <ATen/core/Tensor.h>

#include "hasten/nn/model.h"

namespace hasten {

// While it lives, passes through the model neither move running statistics nor advance the generator that dropout draws
// from: what comes after is as if they had not been.
class ExtraPass {
 public:
  explicit ExtraPass(Model& model);
  ~ExtraPass();
  ExtraPass(const ExtraPass&) = delete;
  ExtraPass& operator=(const ExtraPass&) = delete;

 private:
  Model& model_;
  PassMode mode_;
  at::Tensor random_;
};

// The state of the generators that dropout draws from, and back. A state without the GPU's leaves that one as it is.
at::Tensor random_state();
void set_random_state(const at::Tensor& state);
void seed_random_state(uint64_t seed);

}  // namespace hasten
