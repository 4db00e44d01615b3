// The seam for methods that evaluate other weights than the ones being trained.
#pragma once

#include <string>
#include <vector>

#include "hasten/core/engine.h"
#include "hasten/nn/model.h"

namespace hasten {

// Batches of training data that running statistics are measured on: their mean over so many is as good as over all.
constexpr int64_t kStatisticsBatches = 64;

class WeightProvider {
 public:
  static constexpr Seam kSeam = Seam::kWeightProvider;
  virtual ~WeightProvider() = default;
  // Exchanges the model's parameters and buffers with the provider's; called before and after an evaluation.
  // Does nothing before the provider has something to offer.
  virtual void exchange(Model& model) = 0;
  virtual bool ready() const = 0;
  virtual std::string label() const = 0;  // how records name these weights: "ema"
  // Whether running statistics do not belong to these weights, and are to be measured with them on training data.
  virtual bool needs_statistics() const { return false; }
};

// Exchanges the values of two lists of tensors of equal shapes.
void exchange_values(const std::vector<at::Tensor>& a, const std::vector<at::Tensor>& b);

}  // namespace hasten
