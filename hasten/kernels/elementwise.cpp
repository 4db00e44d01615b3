// One loop for each pair of formats that occurs.
#include "hasten/kernels/elementwise.h"

#include "hasten/kernels/vectorised.h"

namespace hasten::kernels {
namespace {

// What is no number stays none.
HASTEN_INLINE float positive(float x) { return x < 0 ? 0 : x; }

template <class T>
HASTEN_INLINE void square_positive(const T* __restrict x, int64_t n, T* __restrict y) {
  for (int64_t i = 0; i < n; ++i) write(positive(read(x[i])) * positive(read(x[i])), y[i]);
}
HASTEN_VECTORISED void square32(const float* x, int64_t n, float* y) { square_positive(x, n, y); }
HASTEN_VECTORISED void square16(const uint16_t* x, int64_t n, uint16_t* y) { square_positive(x, n, y); }

template <class T>
HASTEN_INLINE void slope_of_square(const T* __restrict x, const T* __restrict dy, int64_t n, T* __restrict dx) {
  for (int64_t i = 0; i < n; ++i) write(2 * positive(read(x[i])) * read(dy[i]), dx[i]);
}
HASTEN_VECTORISED void slope32(const float* x, const float* dy, int64_t n, float* dx) { slope_of_square(x, dy, n, dx); }
HASTEN_VECTORISED void slope16(const uint16_t* x, const uint16_t* dy, int64_t n, uint16_t* dx) {
  slope_of_square(x, dy, n, dx);
}

template <class A, class B, class C>
HASTEN_INLINE void sum(const A* __restrict a, const B* __restrict b, int64_t n, C* __restrict y) {
  for (int64_t i = 0; i < n; ++i) write(read(a[i]) + read(b[i]), y[i]);
}
HASTEN_VECTORISED void sum_wide(const float* a, const float* b, int64_t n, float* y) { sum(a, b, n, y); }
HASTEN_VECTORISED void sum_mixed(const float* a, const uint16_t* b, int64_t n, float* y) { sum(a, b, n, y); }
HASTEN_VECTORISED void sum_narrow(const uint16_t* a, const uint16_t* b, int64_t n, uint16_t* y) { sum(a, b, n, y); }

const float* wide(const Numbers& numbers, int64_t at) { return static_cast<const float*>(numbers.at(at)); }
const uint16_t* half(const Numbers& numbers, int64_t at) { return static_cast<const uint16_t*>(numbers.at(at)); }
float* wide_to(const Numbers& numbers, int64_t at) { return static_cast<float*>(numbers.at(at)); }
uint16_t* half_to(const Numbers& numbers, int64_t at) { return static_cast<uint16_t*>(numbers.at(at)); }

bool is_wide(const Numbers& numbers) { return numbers.format == Format::kFp32; }

}  // namespace

void relu_squared(const Numbers& x, const Numbers& y, int64_t begin, int64_t end) {
  if (is_wide(x)) square32(wide(x, begin), end - begin, wide_to(y, begin));
  else square16(half(x, begin), end - begin, half_to(y, begin));
}

void relu_squared_backward(const Numbers& x, const Numbers& dy, const Numbers& dx, int64_t begin, int64_t end) {
  if (is_wide(x)) slope32(wide(x, begin), wide(dy, begin), end - begin, wide_to(dx, begin));
  else slope16(half(x, begin), half(dy, begin), end - begin, half_to(dx, begin));
}

void add(const Numbers& x, const Numbers& branch, const Numbers& y, int64_t begin, int64_t end) {
  const int64_t n = end - begin;
  if (!is_wide(y)) sum_narrow(half(x, begin), half(branch, begin), n, half_to(y, begin));
  else if (is_wide(x) && is_wide(branch)) sum_wide(wide(x, begin), wide(branch, begin), n, wide_to(y, begin));
  else if (is_wide(x)) sum_mixed(wide(x, begin), half(branch, begin), n, wide_to(y, begin));
  else sum_mixed(wide(branch, begin), half(x, begin), n, wide_to(y, begin));
}

void convert(const Numbers& x, const Numbers& y, int64_t begin, int64_t end) {
  // Of two formats one is fp32.
  if (is_wide(x)) store(wide(x, begin), end - begin, y, begin);
  else load(x, begin, end - begin, wide_to(y, begin));
}

}  // namespace hasten::kernels
