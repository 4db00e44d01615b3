// One optimizer step.
#include "hasten/train/training_step.h"

#include <ATen/ops/full_like.h>

#include <algorithm>
#include <optional>

#include "hasten/core/loss_term.h"
#include "hasten/meter/profiler.h"
#include "hasten/nn/autocast.h"
#include "hasten/nn/extra_pass.h"
#include "hasten/nn/loss.h"

namespace hasten {

at::Tensor TrainingStep::forward_backward(State& state) {
  ++passes_;
  Batch& batch = *state.batch;
  const int64_t size = batch.size();
  const int64_t micro = plan_.run.batch.microbatch > 0 ? plan_.run.batch.microbatch : size;
  auto fire = [&](Event event) {
    if (!state.extra_pass) engine_.fire(event, state);
  };
  at::Tensor loss;
  for (int64_t begin = 0; begin < size; begin += micro) {
    Batch sliced;
    if (micro < size) sliced = batch.slice(begin, std::min(micro, size - begin));
    Batch& part = micro < size ? sliced : batch;
    state.microbatch = &part;
    fire(Event::kBeforeForward);
    {
      PrecisionScope precision(plan_.run.precision.compute);
      ProfileRange range("forward");
      state.outputs = model_.forward(part.inputs);
    }
    fire(Event::kAfterForward);
    fire(Event::kBeforeLoss);
    state.loss_terms = cross_entropy(state.outputs, part.labels, part.targets);
    engine_.each<LossTerm>(state, [&](LossTerm& term) { term.apply(state.loss_terms, state); });
    fire(Event::kAfterLoss);
    const at::Tensor terms = state.loss_terms.detach();
    at::Tensor partial = (part.weights.defined() ? terms.mul(part.weights) : terms).sum();
    fire(Event::kBeforeBackward);
    {
      ProfileRange range("backward");
      // The gradient of the mean of weighted terms, given and not derived. The denominator is that of the whole batch, so
      // microbatches add up to it.
      const double share = 1 / static_cast<double>(size);
      state.loss_terms.backward(part.weights.defined() ? part.weights.mul(share) : at::full_like(terms, share));
    }
    fire(Event::kAfterBackward);
    loss = loss.defined() ? loss.add_(partial) : partial;
    state.outputs.reset();
    state.loss_terms.reset();
    state.microbatch = nullptr;
  }
  return loss.div_(static_cast<double>(size));
}

at::Tensor TrainingStep::run(bool extra) {
  std::optional<ExtraPass> untraced;
  if (extra) untraced.emplace(model_);
  state_->extra_pass = extra;
  at::Tensor loss = forward_backward(*state_);
  state_->extra_pass = false;
  return loss;
}

at::Tensor TrainingStep::compute_gradients(State& state) {
  state_ = &state;
  engine_.fire(Event::kStepBegin, state);
  model_.set_training(true);
  at::Tensor loss;
  if (engine_.has<ForwardBackward>()) {
    engine_.each<ForwardBackward>(state, [&](ForwardBackward& part) { loss = part.compute(state, *this); });
  } else {
    loss = forward_backward(state);
  }
  model_.clear_auxiliary();
  return loss;
}

void TrainingStep::update(State& state) {
  engine_.fire(Event::kGradientsReady, state);
  engine_.fire(Event::kBeforeUpdate, state);
  {
    ProfileRange range("update");
    optimizers_.update(engine_, state);
  }
  model_.clear_gradients();
  engine_.fire(Event::kAfterUpdate, state);
}

at::Tensor TrainingStep::run(State& state) {
  at::Tensor loss = compute_gradients(state);
  update(state);
  return loss;
}

}  // namespace hasten
