// One optimizer step.
#include "hasten/train/training_step.h"

#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/log_softmax.h>

#include <algorithm>

#include "hasten/nn/autocast.h"

namespace hasten {

at::Tensor cross_entropy(const at::Tensor& logits, const Batch& batch) {
  at::Tensor wide = logits.to(at::kFloat);
  if (!batch.targets.defined()) return at::cross_entropy_loss(wide, batch.labels, {}, at::Reduction::None);
  return at::log_softmax(wide, 1).mul(batch.targets).sum(1).neg();
}

at::Tensor TrainingStep::forward_backward(State& state) {
  Batch& batch = *state.batch;
  const int64_t size = batch.size();
  const int64_t micro = plan_.run.batch.microbatch > 0 ? plan_.run.batch.microbatch : size;
  // The denominator is that of the whole batch, so microbatches add up to it.
  at::Tensor total_weight = batch.weights.defined() ? batch.weights.sum() : at::Tensor();
  at::Tensor loss;
  for (int64_t begin = 0; begin < size; begin += micro) {
    Batch sliced;
    if (micro < size) sliced = batch.slice(begin, std::min(micro, size - begin));
    Batch& part = micro < size ? sliced : batch;
    state.microbatch = &part;
    engine_.fire(Event::kBeforeForward, state);
    {
      PrecisionScope precision(plan_.run.precision.compute);
      state.outputs = model_.forward(part.inputs);
    }
    engine_.fire(Event::kAfterForward, state);
    engine_.fire(Event::kBeforeLoss, state);
    state.loss_terms = cross_entropy(state.outputs, part);
    engine_.fire(Event::kAfterLoss, state);
    at::Tensor partial = batch.weights.defined() ? state.loss_terms.mul(part.weights).sum().div(total_weight)
                                                 : state.loss_terms.sum().div(static_cast<double>(size));
    engine_.fire(Event::kBeforeBackward, state);
    partial.backward();
    engine_.fire(Event::kAfterBackward, state);
    loss = loss.defined() ? loss.add(partial.detach()) : partial.detach();
    state.outputs.reset();
    state.loss_terms.reset();
    state.microbatch = nullptr;
  }
  return loss;
}

at::Tensor TrainingStep::run(State& state) {
  engine_.fire(Event::kStepBegin, state);
  model_.set_training(true);
  at::Tensor loss = forward_backward(state);
  engine_.fire(Event::kGradientsReady, state);
  engine_.fire(Event::kBeforeUpdate, state);
  optimizers_.update();
  model_.clear_gradients();
  engine_.fire(Event::kAfterUpdate, state);
  return loss;
}

}  // namespace hasten
