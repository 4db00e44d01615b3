// Quality on a split.
#pragma once

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
  // Back to the weights that are trained.
  void remove(State& state);

 private:
  double measure_statistics(const State& state);
  const Plan& plan_;
  Engine& engine_;
  Model& model_;
  std::string installed_;  // label of the provided weights while they are in the model
};

}  // namespace hasten
