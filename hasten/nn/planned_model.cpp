// From a plan to modules.
#include "hasten/nn/planned_model.h"

#include "hasten/nn/fused.h"
#include "hasten/nn/init.h"
#include "hasten/nn/pass_stream.h"

namespace hasten {
namespace {

at::Tensor run_chain(const std::vector<std::unique_ptr<LayerModule>>& chain, at::Tensor x, const PassMode& mode) {
  for (const auto& layer : chain) x = layer->forward(x, mode);
  return x;
}

at::Tensor sum_of(const at::Tensor& passed, const at::Tensor& branch) {
  // Of two formats LibTorch copies one first. Images are left to it, since their memory has an order of its own.
  const bool sequence = passed.dim() == 3 && passed.scalar_type() != branch.scalar_type();
  return sequence && is_fused(passed) && is_fused(branch) ? fused_sum(passed, branch) : branch.add(passed);
}

// Wrappers are for training; evaluation, and statistics that are measured for it, are of the model as it stands.
bool wrapped(const PassMode& mode) { return mode.training && mode.statistics != Statistics::kAverage; }

}  // namespace

PlannedModel::PlannedModel(const ModelPlan& plan, uint64_t seed, const MethodSeams& seams) {
  for (size_t i = 0; i < plan.blocks.size(); ++i) {
    const Block& block = plan.blocks[i];
    BuiltBlock built;
    built.layers = build_chain(block, block.layers, seed, seams);
    built.shortcut = build_chain(block, block.shortcut, seed, seams);
    built.after = build_chain(block, block.after, seed, seams);
    built.residual = block.residual;
    built.frozen = block.frozen;
    built.whole = WrappedBlock(plan, i, BlockScope::kWhole, seams);
    if (block.residual) built.branch = WrappedBlock(plan, i, BlockScope::kBranch, seams);
    for (const AuxiliaryHead& head : plan.heads) {
      if (head.after != block.name) continue;
      built.heads.push_back(heads_.size());
      heads_.push_back({head.block.name, build_chain(head.block, head.block.layers, seed, seams)});
    }
    blocks_.push_back(std::move(built));
  }
  built_.clear();
}

PlannedModel::Chain PlannedModel::build_chain(const Block& block, const std::vector<Layer>& layers, uint64_t seed,
                                              const MethodSeams& seams) {
  Chain chain;
  for (const Layer& layer : layers) {
    const std::string prefix = block.name + "." + layer.name + ".";
    std::vector<std::pair<std::string, EffectiveTensor>> own;
    for (const ParameterPlan& parameter : layer.parameters) {
      if (!parameter.same_as.empty()) {
        own.emplace_back(parameter.name, built_.at(parameter.same_as));
        continue;
      }
      const PlacedParameter placed{prefix + parameter.name, &parameter, block.part};
      // Drawn on the CPU, so that a seed means the same everywhere.
      at::Tensor value = initial_value(parameter, placed.name, seed).to(seams.device);
      if (value.dim() == 4) value = value.contiguous(at::MemoryFormat::ChannelsLast);
      value.set_requires_grad(parameter.trainable);
      own.emplace_back(parameter.name, EffectiveTensor(value, placed, seams));
      built_.emplace(placed.name, own.back().second);
      parameters_.push_back({placed.name, value});
    }
    const auto get = [&](std::string_view name) {
      for (const auto& [parameter, value] : own) {
        if (parameter == name) return value;
      }
      return EffectiveTensor();
    };
    if (!chain.empty() && chain.back()->absorbs(layer.kind)) continue;
    chain.push_back(build_layer(layer, get, seams.device));
    for (NamedTensor& buffer : chain.back()->buffers()) buffers_.push_back({prefix + buffer.name, buffer.value});
  }
  return chain;
}

at::Tensor PlannedModel::run_block(const BuiltBlock& block, const at::Tensor& x, const PassMode& mode) const {
  auto branch = [&block](const at::Tensor& in, const PassMode& with) { return run_chain(block.layers, in, with); };
  at::Tensor y = block.residual && wrapped(mode) ? block.branch.run(x, mode, branch) : branch(x, mode);
  if (block.residual) {
    at::Tensor passed = run_chain(block.shortcut, x, mode);
    y = y.defined() ? sum_of(passed, y) : passed;
  }
  return run_chain(block.after, y, mode);
}

at::Tensor PlannedModel::forward(const at::Tensor& inputs) {
  auxiliary_.clear();
  PassStream stream;
  at::Tensor x = inputs;
  for (const BuiltBlock& block : blocks_) {
    PassMode mode = mode_;
    mode.stream = &stream;
    // Statistics that are measured for other weights are measured for frozen blocks, too.
    mode.training = mode.training && (!block.frozen || mode.statistics == Statistics::kAverage);
    auto whole = [this, &block](const at::Tensor& in, const PassMode& with) { return run_block(block, in, with); };
    x = wrapped(mode) ? block.whole.run(x, mode, whole) : whole(x, mode);
    if (!mode_.training) continue;
    for (size_t head : block.heads) {
      auxiliary_.push_back({heads_[head].name, run_chain(heads_[head].layers, x, mode_)});
    }
  }
  return x;
}

}  // namespace hasten
