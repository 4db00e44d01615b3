// The model that a plan describes.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "hasten/nn/layer_module.h"
#include "hasten/nn/model.h"

namespace hasten {

class PlannedModel final : public Model {
 public:
  // Filters are kept channels last in memory, which the CPU's and the GPU's convolutions are fastest with. Methods of
  // the run, if there is one, act through `seams`.
  PlannedModel(const ModelPlan& plan, uint64_t seed, const MethodSeams& seams = {});
  at::Tensor forward(const at::Tensor& inputs) override;

 private:
  using Chain = std::vector<std::unique_ptr<LayerModule>>;
  struct BuiltBlock {
    Chain layers, shortcut, after;
    bool residual = false, frozen = false;
    WrappedBlock whole, branch;
    std::vector<size_t> heads;  // that tap its output
  };
  struct BuiltHead {
    std::string name;
    Chain layers;
  };
  Chain build_chain(const Block& block, const std::vector<Layer>& layers, uint64_t seed, const MethodSeams& seams);
  at::Tensor run_block(const BuiltBlock& block, const at::Tensor& x, const PassMode& mode) const;

  std::vector<BuiltBlock> blocks_;
  std::vector<BuiltHead> heads_;
  std::map<std::string, EffectiveTensor> built_;  // while the model is built: parameters that others may be, too
};

}  // namespace hasten
