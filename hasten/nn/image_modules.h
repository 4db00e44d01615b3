// The modules of norms and pooling on images.
#pragma once

#include "hasten/nn/layer_module.h"
#include "hasten/spec/layers/normalization.h"
#include "hasten/spec/layers/pooling.h"

namespace hasten {

std::unique_ptr<LayerModule> batch_norm_module(const BatchNorm& plan, int64_t channels,
                                               const ParameterSource& parameters, at::Device device);
std::unique_ptr<LayerModule> pool_module(const Pool2d& plan);

}  // namespace hasten
