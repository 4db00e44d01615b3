// What all models share.
#include "hasten/nn/model.h"

#include "hasten/base/error.h"

namespace hasten {

at::Tensor Model::parameter(std::string_view name) const {
  for (const NamedTensor& entry : parameters_) {
    if (entry.name == name) return entry.value;
  }
  throw InternalError("the model has no parameter " + std::string(name));
}

std::vector<NamedTensor> Model::tensors() const {
  std::vector<NamedTensor> all = parameters_;
  all.insert(all.end(), buffers_.begin(), buffers_.end());
  return all;
}

void Model::clear_gradients() {
  for (NamedTensor& entry : parameters_) entry.value.mutable_grad().reset();
}

void Model::state(StateVisitor& visitor) {
  {
    StateVisitor::Scope scope(visitor, "parameters");
    for (NamedTensor& entry : parameters_) visitor.tensor(entry.name, entry.value);
  }
  StateVisitor::Scope scope(visitor, "buffers");
  for (NamedTensor& entry : buffers_) visitor.tensor(entry.name, entry.value);
}

}  // namespace hasten
