// A built layer: the computation of one layer of the plan.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "hasten/nn/method_seams.h"
#include "hasten/nn/model.h"

namespace hasten {

class LayerModule {
 public:
  virtual ~LayerModule() = default;
  virtual at::Tensor forward(const at::Tensor& x, const PassMode& mode) = 0;
  virtual std::vector<NamedTensor> buffers() { return {}; }
  // Whether it does the next layer of its chain, too, from now on: one that has no parameters.
  virtual bool absorbs(const LayerKind&) { return false; }
};

// The layer's own parameters by name, as built; undefined if the layer has none of that name.
using ParameterSource = std::function<EffectiveTensor(std::string_view)>;

// Builds the module of a planned layer, its buffers on `device`. Throws InternalError for a kind that nothing builds.
std::unique_ptr<LayerModule> build_layer(const Layer& layer, const ParameterSource& parameters, at::Device device);

}  // namespace hasten
