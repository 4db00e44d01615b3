// Computation in the planned number format while it lives.
#pragma once

#include "hasten/spec/recipe.h"

namespace hasten {

// With Compute::kBf16, convolutions and products run in bfloat16 on fp32 weights; sums, losses and statistics that
// need range stay in fp32. With kFp32 it does nothing. Restores what was before.
class PrecisionScope {
 public:
  explicit PrecisionScope(Compute compute);
  ~PrecisionScope();
  PrecisionScope(const PrecisionScope&) = delete;
  PrecisionScope& operator=(const PrecisionScope&) = delete;

 private:
  bool active_, was_enabled_ = false;
  int was_type_ = 0;
};

}  // namespace hasten
