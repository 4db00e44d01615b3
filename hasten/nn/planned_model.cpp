// From a plan to modules.
#include "hasten/nn/planned_model.h"

#include "hasten/nn/init.h"

namespace hasten {

PlannedModel::PlannedModel(const ModelPlan& plan, uint64_t seed) {
  for (const Block& block : plan.blocks) {
    BuiltBlock built;
    built.layers = build_chain(block, block.layers, seed);
    built.shortcut = build_chain(block, block.shortcut, seed);
    built.after = build_chain(block, block.after, seed);
    built.residual = block.residual;
    blocks_.push_back(std::move(built));
  }
}

PlannedModel::Chain PlannedModel::build_chain(const Block& block, const std::vector<Layer>& layers, uint64_t seed) {
  Chain chain;
  for (const Layer& layer : layers) {
    const std::string prefix = block.name + "." + layer.name + ".";
    std::vector<NamedTensor> own;
    for (const ParameterPlan& parameter : layer.parameters) {
      at::Tensor value = initial_value(parameter, prefix + parameter.name, seed);
      if (value.dim() == 4) value = value.contiguous(at::MemoryFormat::ChannelsLast);
      value.set_requires_grad(parameter.trainable);
      own.push_back({parameter.name, value});
      parameters_.push_back({prefix + parameter.name, value});
    }
    chain.push_back(build_layer(layer, [&](std::string_view name) {
      for (const NamedTensor& entry : own) {
        if (entry.name == name) return entry.value;
      }
      return at::Tensor();
    }));
    for (NamedTensor& buffer : chain.back()->buffers()) buffers_.push_back({prefix + buffer.name, buffer.value});
  }
  return chain;
}

at::Tensor PlannedModel::run(const Chain& chain, at::Tensor x) const {
  for (const auto& layer : chain) x = layer->forward(x, training_);
  return x;
}

at::Tensor PlannedModel::forward(const at::Tensor& inputs) {
  at::Tensor x = inputs;
  for (const BuiltBlock& block : blocks_) {
    at::Tensor y = run(block.layers, x);
    if (block.residual) y = y.add(run(block.shortcut, x));
    x = run(block.after, y);
  }
  return x;
}

}  // namespace hasten
