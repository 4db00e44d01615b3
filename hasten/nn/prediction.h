// The seam for methods that predict from more than one forward pass at evaluation.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <string>

#include "hasten/core/engine.h"

namespace hasten {

class Prediction {
 public:
  static constexpr Seam kSeam = Seam::kPrediction;
  virtual ~Prediction() = default;
  // Logits [n, classes] of inputs [n, ...]; `forward` is the model in evaluation mode, without gradients.
  virtual at::Tensor predict(const at::Tensor& inputs, const std::function<at::Tensor(const at::Tensor&)>& forward) = 0;
  virtual std::string label() const = 0;  // how records name such predictions: "tta"
};

}  // namespace hasten
