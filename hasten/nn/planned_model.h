// The model that a plan describes.
#pragma once

#include <memory>
#include <vector>

#include "hasten/nn/layer_module.h"
#include "hasten/nn/model.h"

namespace hasten {

class PlannedModel final : public Model {
 public:
  // Filters are kept channels last in memory, which the CPU's and the GPU's convolutions are fastest with.
  PlannedModel(const ModelPlan& plan, uint64_t seed);
  at::Tensor forward(const at::Tensor& inputs) override;

 private:
  using Chain = std::vector<std::unique_ptr<LayerModule>>;
  struct BuiltBlock {
    Chain layers, shortcut, after;
    bool residual = false;
  };
  Chain build_chain(const Block& block, const std::vector<Layer>& layers, uint64_t seed);
  at::Tensor run(const Chain& chain, at::Tensor x) const;

  std::vector<BuiltBlock> blocks_;
};

}  // namespace hasten
