// Training steps as a graph of the device, where nothing on the host has a say in them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "hasten/train/step_graph.h"
#include "hasten/train/training_step.h"

namespace hasten {

// The reason why steps of this run cannot be replayed, or an empty text: a method acts within a step, a setting other
// than the learning rate is scheduled, the model is a program's own.
std::string why_not_captured(const Plan& plan, const std::vector<MethodChoice>& methods);

class CapturedStep {
 public:
  // Without `make` every step is run as it is.
  CapturedStep(TrainingStep& step, OptimizerSet& optimizers, MakeStepGraph make)
      : step_(step), optimizers_(optimizers), make_(std::move(make)) {}

  // What TrainingStep::run does. The first steps of a shape are run, one is recorded, later ones are replayed; the loss
  // that a replay returns is overwritten by the next.
  at::Tensor run(State& state);
  // Model or optimizers are others now: records anew.
  void forget();
  int64_t replayed() const { return replayed_; }

  static constexpr int64_t kRunFirst = 3;  // steps that allocate, choose kernels, and make what is kept

 private:
  bool fits(const Batch& batch) const;
  void record(State& state);

  TrainingStep& step_;
  OptimizerSet& optimizers_;
  MakeStepGraph make_;
  std::unique_ptr<StepGraph> graph_;
  Batch fixed_;  // whose memory the graph reads
  at::Tensor loss_;
  int64_t run_ = 0, replayed_ = 0;
};

}  // namespace hasten
