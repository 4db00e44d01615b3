// 16 numbers at a time; a row stays in the first cache from pass to pass.
#include "hasten/kernels/attention_rows.h"

#include "hasten/kernels/tiles.h"
#include "hasten/kernels/tiles_target.h"
#include "hasten/kernels/vectorised.h"

namespace hasten::kernels {

#ifdef HASTEN_TILES
namespace {

HASTEN_TILES_INLINE __m512 all(float value) { return _mm512_set1_ps(value); }

// e^x to 3e-7: 2^n e^f, as in functions.h; the instruction for the last step knows numbers that are too small.
HASTEN_TILES_INLINE __m512 exponential(__m512 x) {
  const __m512 n = _mm512_roundscale_ps(_mm512_mul_ps(x, all(1.44269504088896F)), _MM_FROUND_TO_NEAREST_INT);
  const __m512 f = _mm512_fnmadd_ps(n, all(-2.12194440e-4F), _mm512_fnmadd_ps(n, all(0.693359375F), x));
  __m512 p = all(1.0F / 720);
  constexpr float kTerms[] = {1.0F / 120, 1.0F / 24, 1.0F / 6, 0.5F, 1.0F, 1.0F};
  for (const float term : kTerms) p = _mm512_fmadd_ps(p, f, all(term));
  return _mm512_scalef_ps(p, n);
}

constexpr int64_t kWide = 16;  // numbers of a register
// Those of the numbers from `at` on that are among the first `known`.
HASTEN_INLINE __mmask16 among(int64_t known, int64_t at) {
  const int64_t left = known - at;
  return static_cast<__mmask16>(left >= kWide ? 0xffff : left <= 0 ? 0 : (1U << left) - 1);
}

// e^(x - shift) of 16 scores.
HASTEN_TILES_INLINE __m512 weight(const float* x, int64_t at, int64_t known, __m512 shift) {
  return _mm512_maskz_mov_ps(among(known, at), exponential(_mm512_sub_ps(_mm512_loadu_ps(x + at), shift)));
}

HASTEN_TILES_INLINE void store_step(__m512 first, __m512 second, uint16_t* to) {
  _mm512_storeu_si512(to, reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(second, first)));
}

}  // namespace

HASTEN_TILES float softmax_row(const float* x, int64_t known, int64_t steps, float* highest, uint16_t* left) {
  __m512 top = _mm512_set1_ps(x[0]);
  for (int64_t i = 0; i < known; i += kWide)
    top = _mm512_mask_max_ps(top, among(known, i), top, _mm512_loadu_ps(x + i));
  *highest = _mm512_reduce_max_ps(top);
  top = _mm512_set1_ps(*highest);
  __m512 sum = _mm512_setzero_ps();
  for (int64_t step = 0; step < steps; ++step) {
    const int64_t i = step * tiles::kStep;
    const __m512 first = weight(x, i, known, top), second = weight(x, i + kWide, known, top);
    sum = _mm512_add_ps(sum, _mm512_add_ps(first, second));
    store_step(first, second, left + step * tiles::kPanelStep);
  }
  return _mm512_reduce_add_ps(sum);
}

HASTEN_TILES void softmax_row_backward(float* x, const float* gradient, int64_t known, int64_t steps, float log_sum,
                                       uint16_t* weight_row, uint16_t* slope_row, uint16_t* left) {
  const __m512 shift = _mm512_set1_ps(log_sum);
  __m512 sum = _mm512_setzero_ps();
  for (int64_t i = 0; i < steps * tiles::kStep; i += kWide) {
    const __m512 w = weight(x, i, known, shift);
    sum = _mm512_fmadd_ps(w, _mm512_loadu_ps(gradient + i), sum);
    _mm512_storeu_ps(x + i, w);
  }
  const __m512 mean = _mm512_set1_ps(_mm512_reduce_add_ps(sum));
  for (int64_t step = 0; step < steps; ++step) {
    const int64_t i = step * tiles::kStep, j = i + kWide;
    const __m512 first = _mm512_loadu_ps(x + i), second = _mm512_loadu_ps(x + j);
    const __m512 first_slope = _mm512_mul_ps(first, _mm512_sub_ps(_mm512_loadu_ps(gradient + i), mean)),
                 second_slope = _mm512_mul_ps(second, _mm512_sub_ps(_mm512_loadu_ps(gradient + j), mean));
    store_step(first, second, weight_row + i);
    store_step(first_slope, second_slope, slope_row + i);
    store_step(first_slope, second_slope, left + step * tiles::kPanelStep);
  }
}

HASTEN_TILES void narrow_row(const float* x, int64_t count, float factor, uint16_t* to) {
  const __m512 times = _mm512_set1_ps(factor);
  for (int64_t i = 0; i < count; i += kWide) {
    const __mmask16 mask = among(count, i);
    const __m256i narrow =
        reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(_mm512_mul_ps(_mm512_maskz_loadu_ps(mask, x + i), times)));
    _mm256_mask_storeu_epi16(to + i, mask, narrow);
  }
}

#else

float softmax_row(const float*, int64_t, int64_t, float*, uint16_t*) { return 0; }
void softmax_row_backward(float*, const float*, int64_t, int64_t, float, uint16_t*, uint16_t*, uint16_t*) {}
void narrow_row(const float*, int64_t, float, uint16_t*) {}

#endif

}  // namespace hasten::kernels
