// Norms over the features of each position: by mean and variance, or by the root mean square alone.
#pragma once

#include "hasten/kernels/numbers.h"

namespace hasten::kernels {

// y = (x - mean) rate w + b, rate = 1 / sqrt(variance + epsilon); of the root mean square mean = 0 and the variance that of
// zero mean. Rows lie one behind the other.
struct FeatureNormForward {
  Numbers x, y;
  const float *weight = nullptr, *bias = nullptr;  // [features], or none for 1 and 0
  float *mean = nullptr, *rate = nullptr;  // [rows], written; no mean for the root mean square
  int64_t features = 0;
  float epsilon = 0;
  void rows(int64_t begin, int64_t end) const;
};

struct FeatureNormBackward {
  Numbers x, dy, dx;
  const float *weight = nullptr, *mean = nullptr, *rate = nullptr;  // as above
  int64_t features = 0;
  // Adds to dweight and dbias [features], which belong to the caller's thread; none where nobody asks.
  void rows(int64_t begin, int64_t end, float* dweight, float* dbias) const;
};

}  // namespace hasten::kernels
