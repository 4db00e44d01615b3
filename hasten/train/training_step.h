// One optimizer step: forward and backward over the microbatches of a batch, then the update.
#pragma once

#include "hasten/core/engine.h"
#include "hasten/core/forward_backward.h"
#include "hasten/data/batch.h"
#include "hasten/nn/model.h"
#include "hasten/optim/optimizer.h"

namespace hasten {

class TrainingStep final : private GradientPass {
 public:
  TrainingStep(const Plan& plan, Engine& engine, Model& model, OptimizerSet& optimizers)
      : plan_(plan), engine_(engine), model_(model), optimizers_(optimizers) {}

  // Trains on state.batch. Returns the mean loss of the batch, a scalar on the device. Gradients, and so the update,
  // are those of the mean of weighted losses over the whole batch, whatever the microbatch size.
  at::Tensor run(State& state);
  // Its two halves. What the first leaves in the model, gradients and auxiliary outputs, the second takes away.
  at::Tensor compute_gradients(State& state);
  void update(State& state);
  // Forward and backward passes over a batch so far, extra ones included.
  int64_t passes() const { return passes_; }
  void count_replay() { ++passes_; }
  void state(StateVisitor& visitor) { visitor.integer("passes", passes_); }

 private:
  at::Tensor run(bool extra) override;
  at::Tensor forward_backward(State& state);
  const Plan& plan_;
  Engine& engine_;
  Model& model_;
  OptimizerSet& optimizers_;
  State* state_ = nullptr;  // during a step
  int64_t passes_ = 0;
};

}  // namespace hasten
