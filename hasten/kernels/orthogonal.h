// Nearest semi-orthogonal matrices by quintic Newton-Schulz steps, in bf16 by tile registers: see tiles::available().
#pragma once

#include <cstdint>

namespace hasten::kernels {

// Coefficients of the quintic that grows small singular values fastest while it keeps all near 1 (Jordan et al. 2024).
constexpr double kQuintic[] = {3.4445, -4.7750, 2.0315};

struct Orthogonal {
  int64_t rows = 1, columns = 1, iterations = 5;
  float scale = 1;  // of the result
  // matrix and result [rows, columns], one row behind the other; they may be the same.
  void apply(const float* matrix, float* result) const;
};

}  // namespace hasten::kernels
