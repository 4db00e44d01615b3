// sequence_length_warmup: samples of T tokens are cut into T / s of s tokens, s a divisor of T that grows from `initial` T to T
// over the first part of the budget. A step keeps its number of tokens: what is saved is the part of attention that grows
// with the length, and early steps are calmer. Nothing is thrown away, as it is where samples are truncated.
// Li, Zhang, He, The stability-efficiency dilemma (arXiv:2108.06084); short before long: Press, Smith, Lewis, Shortformer
// (arXiv:2012.15832).
#include "hasten/methods/derived_data/sequence_length_warmup.h"

#include <ATen/ops/repeat_interleave.h>

#include <map>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/core/budget.h"
#include "hasten/core/method.h"
#include "hasten/data/batch.h"
#include "hasten/data/transform.h"

namespace hasten {

// The largest divisor of `context` that is no longer than what the line from `initial` to 1 allows at a share `over` of the
// budget; at first the smallest that is not shorter than `initial` asks for.
int64_t sequence_length(const SequenceLengthWarmupParams& params, int64_t context, double over) {
  if (over >= params.warmup || params.initial >= 1) return context;
  const double share = params.initial + (1 - params.initial) * over / params.warmup;
  const auto all = static_cast<double>(context);
  int64_t best = context;
  for (int64_t pieces = 2; pieces <= context; ++pieces) {
    if (static_cast<double>(best) <= share * all || all / static_cast<double>(pieces) < params.initial * all) break;
    if (context % pieces == 0) best = context / pieces;
  }
  return best;
}

// Every row becomes `pieces` rows, which have its id and its weight.
void cut_samples(Batch& batch, int64_t pieces) {
  if (pieces == 1) return;
  const int64_t length = batch.inputs.size(1) / pieces;
  std::vector<int64_t> ids;
  for (const int64_t id : batch.ids) ids.insert(ids.end(), static_cast<size_t>(pieces), id);
  batch.ids = std::move(ids);
  batch.inputs = batch.inputs.reshape({-1, length});
  batch.labels = batch.labels.reshape({-1, length});
  if (batch.targets.defined()) batch.targets = batch.targets.reshape({-1, length, batch.targets.size(-1)});
  if (batch.weights.defined()) batch.weights = batch.weights.repeat_interleave(pieces);
}

namespace {

class SequenceLengthWarmup final : public MethodOf<SequenceLengthWarmupParams>, public BatchTransform {
 public:
  using MethodOf::MethodOf;

  void plan(Plan& plan) override {
    const int64_t context = plan.model.input.at(0);
    if (params_.initial >= 1 || sequence_length(params_, context, 0) < context) return;
    throw ConfigError("method.sequence_length_warmup.initial",
                      cat("a share at which a divisor of the ", context, " tokens of a sample is left"),
                      number(params_.initial), "shorter at first, or a context with more divisors, such as 64 or 96");
  }

  void apply(Batch& batch, const State& state) override {
    const int64_t context = batch.inputs.size(1);
    cut_samples(batch, context / sequence_length(params_, context, state.progress.fraction));
  }

  void cost(const Plan& plan, CostEstimate& estimate) const override {
    constexpr int64_t kEnough = 1000;
    const int64_t planned = Budget(plan.run).total_steps(), steps = planned > 0 ? planned : kEnough;
    const int64_t context = plan.model.input.at(0);
    std::map<int64_t, double> shares;
    for (int64_t step = 0; step < steps; ++step) {
      const double over = static_cast<double>(step) / static_cast<double>(steps);
      shares[sequence_length(params_, context, over)] += 1 / static_cast<double>(steps);
    }
    const PassCost full = plan.model.flops();
    double forward = 0, backward = 0;
    for (const auto& [length, share] : shares) {
      const PassCost pass = plan.model.with_input({length}).flops();
      forward += share * pass.forward * static_cast<double>(context / length);
      backward += share * pass.backward * static_cast<double>(context / length);
    }
    estimate.forward *= forward / full.forward;
    estimate.backward *= backward / full.backward;
  }

  void state(StateVisitor&) override {}  // a function of the progress
};

}  // namespace

std::unique_ptr<Method> make_sequence_length_warmup(const SequenceLengthWarmupParams& params) {
  return std::make_unique<SequenceLengthWarmup>(params);
}

}  // namespace hasten
