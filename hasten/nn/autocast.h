// Computation in the planned number format while it lives.
#pragma once

#include <array>
#include <cstddef>

#include "hasten/spec/recipe.h"

namespace hasten {

// With Compute::kBf16, convolutions and products run in bfloat16 on fp32 weights; sums, losses and statistics that
// need range stay in fp32. With kFp32 it does nothing. Restores what was before.
class PrecisionScope {
 public:
  static constexpr size_t kDeviceCount = 2;  // the CPU, a GPU
  explicit PrecisionScope(Compute compute);
  ~PrecisionScope();
  PrecisionScope(const PrecisionScope&) = delete;
  PrecisionScope& operator=(const PrecisionScope&) = delete;

 private:
  struct Setting {
    bool enabled = false;
    int type = 0;
  };
  bool active_;
  std::array<Setting, kDeviceCount> was_;
};

}  // namespace hasten
