// auxiliary_classifier: loss = CE(output) + w(t) CE(head), the head being global pooling and one linear layer on what a
// middle block passes on; w falls in a line from `weight` to 0 at `until`, where the head is taken out of the model. It
// exists in training only, and its cost with it.
// Szegedy et al., Going deeper with convolutions (arXiv:1409.4842); Lee et al., Deeply-supervised nets (1409.5185).
#include "hasten/methods/objective/auxiliary_classifier.h"

#include <algorithm>
#include <cmath>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/core/loss_term.h"
#include "hasten/core/method.h"
#include "hasten/data/batch.h"
#include "hasten/nn/loss.h"
#include "hasten/nn/model.h"
#include "hasten/spec/layers/dense.h"
#include "hasten/spec/layers/pooling.h"

namespace hasten {

// The factor of the head's loss when a share `fraction` of the budget is consumed.
double auxiliary_weight(const AuxiliaryClassifierParams& params, double fraction) {
  return params.weight * std::max(0.0, 1 - fraction / params.until);
}

// Which of `blocks` blocks stands before the head, so that a share `depth` of them does: never none of them.
size_t tapped_block(size_t blocks, double depth) {
  const auto before = static_cast<size_t>(std::lround(depth * static_cast<double>(blocks)));
  return std::clamp<size_t>(before, 1, blocks) - 1;
}

namespace {

constexpr const char* kHead = "auxiliary";

class AuxiliaryClassifier final : public MethodOf<AuxiliaryClassifierParams>, public LossTerm {
 public:
  using MethodOf::MethodOf;

  void plan(Plan& plan) override {
    if (params_.weight <= 0 || gone_) return;
    const Block& tapped = plan.model.blocks[place(plan.model)];
    const Shape& out = (tapped.after.empty() ? tapped.layers : tapped.after).back().out;
    Block head{kHead, Part::kHead, {}, false, {}, {}};
    if (out.size() == 3) head.add("pool", GlobalPool{PoolKind::kAverage});
    head.add("linear", Linear{plan.model.outputs, true});
    plan.model.heads.push_back({tapped.name, std::move(head)});
  }

  std::optional<PlanChange> replan(State& state) override {
    if (params_.weight <= 0 || gone_ || params_.until >= 1 || state.progress.fraction < params_.until) {
      return std::nullopt;
    }
    gone_ = true;
    PlanChange change;
    change.reason = "the auxiliary classifier is gone";
    return change;
  }

  void apply(at::Tensor& losses, State& state) override {
    const double weight = auxiliary_weight(params_, state.progress.fraction);
    if (weight <= 0) return;
    for (const NamedTensor& head : state.model.auxiliary()) {
      if (head.name != kHead) continue;
      const Batch& batch = *state.microbatch;
      losses = losses.add(cross_entropy(head.value, batch.labels, batch.targets), weight);
    }
  }

  // The plan of the first step has the head; it is there for a share `until` of the steps.
  void cost(const Plan& plan, CostEstimate& estimate) const override {
    ModelPlan without = plan.model;
    std::erase_if(without.heads, [](const AuxiliaryHead& head) { return head.block.name == kHead; });
    const PassCost all = plan.model.flops(), head = all - without.flops();
    estimate.scale(all - (1 - params_.until) * head, all);
  }

  void state(StateVisitor& visitor) override { visitor.truth("gone", gone_); }

 private:
  size_t place(const ModelPlan& plan) const {
    const size_t blocks = plan.blocks.size() - 1;  // the last one is the classifier itself
    if (params_.after.empty() && blocks > 0) return tapped_block(blocks, params_.depth);
    std::vector<std::string> names;
    for (size_t i = 0; i < blocks; ++i) {
      names.push_back(plan.blocks[i].name);
      if (names.back() == params_.after) return i;
    }
    throw ConfigError("method.auxiliary_classifier.after",
                      names.empty() ? "a model of more than one block" : "one of the blocks " + join(names, ", "),
                      names.empty() ? "one block" : "'" + params_.after + "'", suggest(params_.after, names));
  }

  bool gone_ = false;  // its weight is zero for good
};

}  // namespace

std::unique_ptr<Method> make_auxiliary_classifier(const AuxiliaryClassifierParams& params) {
  return std::make_unique<AuxiliaryClassifier>(params);
}

}  // namespace hasten
