// The modules of the layers that make and end sequences.
#pragma once

#include "hasten/nn/layer_module.h"

namespace hasten {

// Nullptr for a layer of another kind.
std::unique_ptr<LayerModule> sequence_module(const Layer& layer, const ParameterSource& parameters);

}  // namespace hasten
