// A built layer of attention.
#pragma once

#include <memory>

#include "hasten/nn/layer_module.h"
#include "hasten/spec/layers/attention.h"

namespace hasten {

std::unique_ptr<LayerModule> attention_module(const SelfAttention& plan, const ParameterSource& parameters);

}  // namespace hasten
