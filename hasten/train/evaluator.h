// Quality on a split.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "hasten/core/engine.h"
#include "hasten/data/dataset.h"
#include "hasten/nn/model.h"

namespace hasten {

struct Evaluation {
  double accuracy = 0, loss = 0;
  std::string weights = "raw";
  double value(Measure measure) const { return measure == Measure::kAccuracy ? accuracy : loss; }
};

class Evaluator {
 public:
  Evaluator(const Plan& plan, Engine& engine, Model& model) : plan_(plan), engine_(engine), model_(model) {}

  // The weights that a method provides if one does, with running statistics that belong to them. What this costs is
  // training: without it there would be nothing to evaluate. Returns the FLOPs of measuring statistics.
  double install(State& state);
  // Mean accuracy and cross-entropy over all samples. Leaves the model as it was: running statistics, gradients and
  // random state are not touched.
  Evaluation measure(const Dataset& data, State& state);
  // What measure() judges: logits [samples, classes] in fp32, in the data's order.
  at::Tensor predict(const Dataset& data, State& state);
  // Back to the weights that are trained.
  void remove(State& state);

 private:
  double measure_statistics(const State& state);
  // Calls `use(batch, logits)` for all samples. Returns the label of the predictions.
  template <class Use>
  std::string each_batch(const Dataset& data, const State& state, const Use& use);
  const Plan& plan_;
  Engine& engine_;
  Model& model_;
  std::string installed_;  // label of the provided weights while they are in the model
};

}  // namespace hasten
