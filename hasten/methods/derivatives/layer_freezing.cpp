// layer_freezing: of K blocks that will be frozen, block k = 0..K-1 is frozen after start + (1 - start) k / K of the budget,
// at the end of a step, not of an epoch. A frozen block runs as at evaluation: statistics stay, dropout is off; its
// parameters leave the optimizer with their slots. The last block is always trained.
// Brock, Lim, Ritchie, Weston, FreezeOut: accelerate training by progressively freezing layers (arXiv:1706.04983), without
// its scaling of learning rates.
#include "hasten/methods/derivatives/layer_freezing.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/core/budget.h"
#include "hasten/core/method.h"

namespace hasten {

// How many of `blocks` blocks are frozen in the end.
int64_t frozen_in_the_end(const LayerFreezingParams& params, int64_t blocks) {
  return static_cast<int64_t>(std::floor(params.share * static_cast<double>(blocks - 1) + 1e-9));
}

// The share of the budget after which block `block`, counted from 0, of the `frozen` that will be is frozen.
double freezing_time(const LayerFreezingParams& params, int64_t block, int64_t frozen) {
  return params.start + (1 - params.start) * static_cast<double>(block) / static_cast<double>(frozen);
}

void freeze_front(ModelPlan& plan, int64_t count) {
  for (size_t i = 0; i < static_cast<size_t>(count); ++i) {
    Block& block = plan.blocks[i];
    block.frozen = true;
    for (auto* layers : {&block.layers, &block.shortcut, &block.after}) {
      for (Layer& layer : *layers) {
        for (ParameterPlan& parameter : layer.parameters) parameter.trainable = false;
      }
    }
  }
}

namespace {

class LayerFreezing final : public MethodOf<LayerFreezingParams> {
 public:
  using MethodOf::MethodOf;

  void plan(Plan& plan) override {
    const auto blocks = static_cast<int64_t>(plan.model.blocks.size());
    const int64_t frozen = frozen_in_the_end(params_, blocks);
    if (frozen == 0 && params_.share > 0) {
      throw ConfigError("method.layer_freezing.share",
                        cat("at least one of the ", std::max<int64_t>(blocks - 1, 0), " blocks before the last"),
                        number(params_.share), "a larger share or a deeper model");
    }
    require_optimizers(plan, frozen);
    // Another method may have made the model shallower since.
    freeze_front(plan.model, std::min(frozen_, std::max<int64_t>(blocks - 1, 0)));
  }

  std::optional<PlanChange> replan(State& state) override {
    const double fraction = state.budget.fraction(state.progress);
    const int64_t all = frozen_in_the_end(params_, static_cast<int64_t>(state.plan.model.blocks.size()));
    const int64_t before = frozen_;
    // A billionth keeps sums of steps from falling short.
    while (fraction < 1 && frozen_ < all && fraction + 1e-9 >= freezing_time(params_, frozen_, all)) ++frozen_;
    if (frozen_ == before) return std::nullopt;
    return PlanChange{cat("frozen the first ", frozen_, " of ", state.plan.model.blocks.size(), " blocks"), {}, {}};
  }

  void cost(const Plan& plan, CostEstimate& estimate) const override {
    const int64_t all = frozen_in_the_end(params_, static_cast<int64_t>(plan.model.blocks.size()));
    if (all == 0) return;
    const double steps = plan.run.length().total(Unit::kStep);
    auto after = [&](int64_t block) {
      const double time = block == all ? 1 : freezing_time(params_, block, all);
      if (steps < 1) return time;
      // At the end of the first step behind it; not before the first has ended, nor behind the last.
      return std::clamp(std::ceil(time * steps - 1e-6), 1.0, std::max(std::round(steps), 1.0)) / std::round(steps);
    };
    ModelPlan model = plan.model;
    const PassCost before = model.flops();
    PassCost mean = after(0) * before;
    for (int64_t block = 0; block < all; ++block) {
      freeze_front(model, block + 1);
      mean += (after(block + 1) - after(block)) * model.flops();
    }
    estimate.scale(mean, before);
  }

  void state(StateVisitor& visitor) override { visitor.integer("frozen", frozen_); }

 private:
  // An optimizer with nothing left to train has no learning rate to show.
  static void require_optimizers(const Plan& plan, int64_t frozen) {
    Plan last = plan;
    freeze_front(last.model, frozen);
    std::set<size_t> busy;
    for (const ParameterGroup& group : parameter_groups(last)) busy.insert(group.optimizer);
    for (size_t i = 0; i < plan.run.optimizers.size(); ++i) {
      if (busy.contains(i)) continue;
      throw ConfigError("method.layer_freezing.share", "a part of the model that every optimizer goes on to train",
                        "nothing left for '" + plan.run.optimizers[i].spec->name + "'",
                        "freeze fewer blocks, or use one optimizer for all parameters");
    }
  }

  int64_t frozen_ = 0;  // blocks
};

}  // namespace

std::unique_ptr<Method> make_layer_freezing(const LayerFreezingParams& params) {
  return std::make_unique<LayerFreezing>(params);
}

}  // namespace hasten
