// Functions that loops of kernels use; written so that they are vectorised.
#pragma once

#include <cstdint>

#include "hasten/kernels/vectorised.h"

namespace hasten::kernels {

// e^x to 3e-7, for x <= 88; 0 below -87.7. 2^n e^f with Taylor's polynomial of degree 6, |f| <= ln 2 / 2. Without branches: the
// compiler makes no vectors of loops that have some.
HASTEN_INLINE float exponential(float x) {
  // ln 2 in two parts, the first with few enough bits that n times it is exact (Cody and Waite 1980).
  constexpr float kLog2E = 1.44269504088896F, kLn2High = 0.693359375F, kLn2Low = -2.12194440e-4F;
  constexpr float kLowest = -88.1F;  // n = -127, of which no exponent is left: 0
  constexpr float kWhole = 12582912;  // 3 2^22: a sum with it has no bits behind the point, and n in its last ones
  const float bounded = x < kLowest ? kLowest : x, sum = bounded * kLog2E + kWhole, n = sum - kWhole;
  const float f = bounded - n * kLn2High - n * kLn2Low;
  float p = 1.0F / 720;
  p = p * f + 1.0F / 120;
  p = p * f + 1.0F / 24;
  p = p * f + 1.0F / 6;
  p = p * f + 0.5F;
  p = p * f + 1;
  p = p * f + 1;
  constexpr int32_t kBias = 127, kMantissa = 23;
  return p * __builtin_bit_cast(float, (__builtin_bit_cast(int32_t, sum) - __builtin_bit_cast(int32_t, kWhole) + kBias)
                                           << kMantissa);
}

// Phi(x), the normal distribution's, and e^(-x^2 / 2), to 2e-7 (Abramowitz and Stegun 7.1.26).
struct NormalCurve {
  float below = 0, density = 0;  // density without its factor 1 / sqrt(2 pi)
};
HASTEN_INLINE NormalCurve normal_curve(float x) {
  constexpr float kInvRoot2 = 0.707106781186548F;
  const float size = (x < 0 ? -x : x) * kInvRoot2;
  const float t = 1 / (1 + 0.3275911F * size);
  float p = 1.061405429F;
  p = p * t - 1.453152027F;
  p = p * t + 1.421413741F;
  p = p * t - 0.284496736F;
  p = p * t + 0.254829592F;
  const float density = exponential(-size * size);
  const float tail = 0.5F * p * t * density;  // Phi(-|x|)
  return {x < 0 ? tail : 1 - tail, density};
}

}  // namespace hasten::kernels
