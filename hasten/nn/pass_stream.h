// What layers of one forward pass hand to later ones beside the main path.
#pragma once

#include <ATen/core/Tensor.h>

namespace hasten {

struct PassStream {
  at::Tensor
      values;  // of the first layer of attention, [n heads, tokens, features of a head], if a later one wants them
};

}  // namespace hasten
