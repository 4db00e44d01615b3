// A tensor of a model with its name.
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

// Enumerates a list that a method keeps beside the model's tensors. When loading into an empty list, the saved names
// and values make it.
void visit_named(StateVisitor& visitor, std::string_view scope, std::vector<NamedTensor>& list);

// The values alone, for LibTorch's functions on lists.
std::vector<at::Tensor> values_of(const std::vector<NamedTensor>& list);

}  // namespace hasten
