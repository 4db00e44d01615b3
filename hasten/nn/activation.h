// Non-linearities.
#pragma once

#include <ATen/core/Tensor.h>

#include "hasten/spec/layers/elementwise.h"

namespace hasten {

at::Tensor activated(const at::Tensor& x, ActivationKind function);

}  // namespace hasten
