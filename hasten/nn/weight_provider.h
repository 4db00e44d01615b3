// The seam for methods that evaluate other weights than the ones being trained.
#pragma once

#include <string>
#include <vector>

#include "hasten/core/engine.h"
#include "hasten/nn/model.h"

namespace hasten {

class WeightProvider {
 public:
  static constexpr Seam kSeam = Seam::kWeightProvider;
  virtual ~WeightProvider() = default;
  // Exchanges the model's parameters and buffers with the provider's; called before and after an evaluation.
  // Does nothing before the provider has something to offer.
  virtual void exchange(Model& model) = 0;
  virtual bool ready() const = 0;
  virtual std::string label() const = 0;  // how records name these weights: "ema"
};

// Exchanges the values of two lists of tensors of equal shapes.
void exchange_values(const std::vector<at::Tensor>& a, const std::vector<at::Tensor>& b);

}  // namespace hasten
