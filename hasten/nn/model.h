// A trainable function: what the trainer, methods and optimizers know of any model.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <string_view>
#include <vector>

#include "hasten/core/state_visitor.h"

namespace hasten {

struct NamedTensor {
  std::string name;  // "group1.conv2.weight"
  at::Tensor value;  // a handle: in-place changes are seen by the model
};

class Model {
 public:
  virtual ~Model() = default;

  // inputs [n, ...] as in Batch; logits [n, classes].
  virtual at::Tensor forward(const at::Tensor& inputs) = 0;

  const std::vector<NamedTensor>& parameters() const { return parameters_; }  // leaves; frozen ones need no gradient
  const std::vector<NamedTensor>& buffers() const { return buffers_; }        // running statistics and the like
  at::Tensor parameter(std::string_view name) const;  // throws InternalError if there is none

  bool training() const { return training_; }
  void set_training(bool training) { training_ = training; }
  // Drops all gradients (set to none, not to zero).
  void clear_gradients();
  void state(StateVisitor& visitor);

 protected:
  std::vector<NamedTensor> parameters_, buffers_;
  bool training_ = true;
};

}  // namespace hasten
