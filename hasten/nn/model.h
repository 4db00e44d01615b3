// A trainable function: what the trainer, methods and optimizers know of any model.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <string_view>
#include <vector>

#include "hasten/core/named_tensor.h"
#include "hasten/nn/pass_mode.h"

namespace hasten {

class Model {
 public:
  virtual ~Model() = default;

  // inputs [n, ...] as in Batch; logits [n, classes].
  virtual at::Tensor forward(const at::Tensor& inputs) = 0;

  const std::vector<NamedTensor>& parameters() const { return parameters_; }  // leaves; frozen ones need no gradient
  const std::vector<NamedTensor>& buffers() const { return buffers_; }        // running statistics and the like
  std::vector<NamedTensor> tensors() const;           // both
  at::Tensor parameter(std::string_view name) const;  // throws InternalError if there is none
  // Outputs of auxiliary heads in the last training pass, by the head's name.
  const std::vector<NamedTensor>& auxiliary() const { return auxiliary_; }
  void clear_auxiliary() { auxiliary_.clear(); }

  const PassMode& mode() const { return mode_; }
  virtual void set_mode(const PassMode& mode) { mode_ = mode; }
  void set_training(bool training) { set_mode({training}); }
  // Drops all gradients (set to none, not to zero).
  void clear_gradients();
  void state(StateVisitor& visitor);

 protected:
  std::vector<NamedTensor> parameters_, buffers_, auxiliary_;
  PassMode mode_;
};

}  // namespace hasten
