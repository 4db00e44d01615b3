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

  // Mean accuracy and cross-entropy over all samples, with the weights that a method provides if one does. Leaves the
  // model as it was: running statistics, gradients and random state are not touched.
  Evaluation run(const Dataset& data, State& state);

 private:
  Evaluation measure(const Dataset& data);
  const Plan& plan_;
  Engine& engine_;
  Model& model_;
};

}  // namespace hasten
