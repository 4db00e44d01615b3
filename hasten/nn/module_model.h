// A user's own torch::nn::Module as a model: it trains with every method that acts on seams and events.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <utility>
#include <vector>

#include "hasten/nn/model.h"
#include "hasten/spec/model_plan.h"

namespace hasten {

// The plan of a model that only its program can make: its parameters with their roles (by their dimensions: 4 a filter,
// 2 a matrix, 1 a bias), and no layers. `input`: shape of a sample.
ModelPlan opaque_plan(const Model& model, const Shape& input, int64_t outputs);

std::vector<at::Tensor> copies(const std::vector<NamedTensor>& tensors);
void restore(const std::vector<NamedTensor>& tensors, const std::vector<at::Tensor>& values);

// Holds a torch::nn::ModuleHolder, such as what TORCH_MODULE declares, whose forward takes a tensor of inputs and gives
// logits [n, classes]. The caller includes <torch/nn.h>; this header does not.
template <class Holder>
class ModuleModel final : public Model {
 public:
  explicit ModuleModel(Holder module) : module_(std::move(module)) {
    for (const auto& entry : module_->named_parameters()) parameters_.push_back({entry.key(), entry.value()});
    for (const auto& entry : module_->named_buffers()) buffers_.push_back({entry.key(), entry.value()});
  }
  at::Tensor forward(const at::Tensor& inputs) override { return module_->forward(inputs); }
  // The module's own layers know nothing of kKeep, so its buffers are put back afterwards; for kAverage they move as in
  // training.
  void set_mode(const PassMode& mode) override {
    const bool kept = mode_.statistics == Statistics::kKeep, keep = mode.statistics == Statistics::kKeep;
    if (keep && !kept) kept_ = copies(buffers_);
    if (kept && !keep) restore(buffers_, kept_);
    Model::set_mode(mode);
    module_->train(mode.training);
  }

 private:
  Holder module_;
  std::vector<at::Tensor> kept_;
};

}  // namespace hasten
