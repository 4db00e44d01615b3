// stochastic_depth: branch l of L survives a step with chance 1 - rate l / L, and what survives is divided by that chance,
// so that evaluation needs no correction. Draws belong to the step (or sample), never to the microbatch.
// Huang, Sun, Liu, Sedra, Weinberger, Deep networks with stochastic depth (arXiv:1603.09382).
#include "hasten/methods/architecture/stochastic_depth.h"

#include <ATen/ops/tensor.h>

#include <algorithm>

#include "hasten/base/rng.h"
#include "hasten/core/method.h"
#include "hasten/data/batch.h"
#include "hasten/nn/method_seams.h"

namespace hasten {

// The chance that branch number `branch` of `branches`, counted from 1, is left out.
double drop_chance(const StochasticDepthParams& params, int64_t branch, int64_t branches) {
  if (params.over_depth == DropOverDepth::kUniform) return params.rate;
  return params.rate * static_cast<double>(branch) / static_cast<double>(branches);
}

// Whether the branch of this block is left out of the whole step.
bool drops_block(uint64_t seed, int64_t step, size_t block, double chance) {
  return RandomStream(seed, operation("stochastic_depth.block"), static_cast<uint64_t>(step), block).uniform() < chance;
}

namespace {

class StochasticDepth final : public MethodOf<StochasticDepthParams>, public BlockWrapper {
 public:
  using MethodOf::MethodOf;

  bool wraps(const ModelPlan& plan, size_t index, BlockScope scope) const override {
    return scope == BlockScope::kBranch && plan.blocks[index].residual;
  }

  at::Tensor run(size_t index, const at::Tensor& x, const PassMode& mode, const BlockFunction& inner,
                 const State& state) override {
    const double chance = chance_of(state.plan.model, index);
    if (params_.drop == DropWhole::kSample) {
      at::Tensor branch = inner(x, mode);
      return branch.mul(survivors(index, chance, x, state).to(branch.scalar_type()));  // stays in bf16 where it is
    }
    if (drops_block(state.seed, state.progress.step, index, chance)) return {};
    return inner(x, mode).div(1 - chance);
  }

  uint64_t work(const State& state) const override {
    if (params_.drop == DropWhole::kSample) return 0;
    uint64_t kept = 0;
    for (size_t i = 0; i < state.plan.model.blocks.size(); ++i) {
      if (!state.plan.model.blocks[i].residual) continue;
      kept = mix(kept,
                 drops_block(state.seed, state.progress.step, i, chance_of(state.plan.model, i)) ? 2 * i : 2 * i + 1);
    }
    return kept;
  }

  void cost(const Plan& plan, CostEstimate& estimate) const override {
    if (params_.drop == DropWhole::kSample) return;
    const PassCost all = plan.model.flops();
    PassCost mean = all;
    for (size_t i = 0; i < plan.model.blocks.size(); ++i) {
      if (!plan.model.blocks[i].residual) continue;
      mean += -chance_of(plan.model, i) * plan.model.block_flops(i, true);
    }
    estimate.by_chance = true;
    estimate.scale(mean, all);
  }

  void state(StateVisitor&) override {}  // draws are functions of seed and step

 private:
  double chance_of(const ModelPlan& plan, size_t index) const {
    auto residual = [](const Block& block) { return block.residual; };
    const auto& blocks = plan.blocks;
    const auto branches = std::count_if(blocks.begin(), blocks.end(), residual);
    const auto branch =
        std::count_if(blocks.begin(), blocks.begin() + static_cast<std::ptrdiff_t>(index) + 1, residual);
    return drop_chance(params_, branch, branches);
  }

  // [n, 1, ...]: 0 or 1 / (1 - chance), keyed by sample, so that it does not matter how the batch is cut.
  at::Tensor survivors(size_t index, double chance, const at::Tensor& x, const State& state) const {
    std::vector<float> factors;
    for (int64_t id : state.microbatch->ids) {
      RandomStream random(mix(state.seed, index), operation("stochastic_depth.sample"),
                          static_cast<uint64_t>(state.progress.step), static_cast<uint64_t>(id));
      factors.push_back(random.uniform() < chance ? 0.0f : static_cast<float>(1 / (1 - chance)));
    }
    std::vector<int64_t> shape(static_cast<size_t>(x.dim()), 1);
    shape[0] = x.size(0);
    return at::tensor(factors, x.options().dtype(at::kFloat)).reshape(shape);
  }
};

}  // namespace

std::unique_ptr<Method> make_stochastic_depth(const StochasticDepthParams& params) {
  return std::make_unique<StochasticDepth>(params);
}

}  // namespace hasten
