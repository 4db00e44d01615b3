// Plans of models that programs bring.
#include "hasten/nn/module_model.h"

#include <c10/core/GradMode.h>

namespace hasten {
namespace {

// Stands for all layers of the module.
struct OpaqueLayer {
  static constexpr const char* kKind = "module";
  static constexpr auto schema() { return std::tuple{}; }
  Shape output(const Shape& in) const { return in; }
  std::vector<ParameterPlan> parameters(const Shape&) const { return {}; }
  double flops(const Shape&) const { return 0; }
};

Role role_of(const at::Tensor& parameter) {
  if (parameter.dim() >= 3) return Role::kFilter;
  return parameter.dim() == 2 ? Role::kMatrix : Role::kBias;
}

}  // namespace

std::vector<at::Tensor> copies(const std::vector<NamedTensor>& tensors) {
  std::vector<at::Tensor> values;
  for (const NamedTensor& entry : tensors) values.push_back(entry.value.detach().clone());
  return values;
}

void restore(const std::vector<NamedTensor>& tensors, const std::vector<at::Tensor>& values) {
  c10::NoGradGuard no_grad;
  for (size_t i = 0; i < tensors.size(); ++i) tensors[i].value.copy_(values[i]);
}

ModelPlan opaque_plan(const Model& model, const Shape& input, int64_t outputs) {
  ModelPlan plan;
  plan.family = "custom";
  plan.input = input;
  plan.outputs = outputs;
  plan.opaque = true;
  Block block{"module", Part::kBody, {}, false, {}, {}};
  block.add("module", OpaqueLayer{});
  block.layers.front().in = input;
  block.layers.front().out = {outputs};
  for (const NamedTensor& entry : model.parameters()) {
    block.layers.front().parameters.push_back(
        {entry.name, entry.value.sizes().vec(), role_of(entry.value), {}, 1, entry.value.requires_grad()});
  }
  plan.blocks.push_back(std::move(block));
  return plan;
}

}  // namespace hasten
