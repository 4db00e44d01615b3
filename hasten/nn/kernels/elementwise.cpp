// Piece by piece, so that converted numbers stay in the first cache.
#include "hasten/nn/kernels/elementwise.h"

#include <algorithm>
#include <array>

#include "hasten/nn/kernels/vectorised.h"

namespace hasten::kernels {
namespace {

using Piece = std::array<float, kPiece>;

HASTEN_VECTORISED void square_positive(const float* x, int64_t n, float* y) {
  for (int64_t i = 0; i < n; ++i) {
    const float kept = x[i] < 0 ? 0 : x[i];  // what is no number stays none
    y[i] = kept * kept;
  }
}

HASTEN_VECTORISED void slope_of_square(const float* x, const float* dy, int64_t n, float* dx) {
  for (int64_t i = 0; i < n; ++i) dx[i] = 2 * (x[i] < 0 ? 0 : x[i]) * dy[i];
}

HASTEN_VECTORISED void sum_of_both(const float* a, const float* b, int64_t n, float* y) {
  for (int64_t i = 0; i < n; ++i) y[i] = a[i] + b[i];
}

}  // namespace

void relu_squared(const Numbers& x, const Numbers& y, int64_t begin, int64_t end) {
  Piece in, out;
  for (int64_t at = begin; at < end; at += kPiece) {
    const int64_t n = std::min(kPiece, end - at);
    square_positive(load(x, at, n, in.data()), n, out.data());
    store(out.data(), n, y, at);
  }
}

void relu_squared_backward(const Numbers& x, const Numbers& dy, const Numbers& dx, int64_t begin, int64_t end) {
  Piece in, above, out;
  for (int64_t at = begin; at < end; at += kPiece) {
    const int64_t n = std::min(kPiece, end - at);
    slope_of_square(load(x, at, n, in.data()), load(dy, at, n, above.data()), n, out.data());
    store(out.data(), n, dx, at);
  }
}

void add(const Numbers& x, const Numbers& branch, const Numbers& y, int64_t begin, int64_t end) {
  Piece one, other, out;
  for (int64_t at = begin; at < end; at += kPiece) {
    const int64_t n = std::min(kPiece, end - at);
    sum_of_both(load(x, at, n, one.data()), load(branch, at, n, other.data()), n, out.data());
    store(out.data(), n, y, at);
  }
}

void convert(const Numbers& x, const Numbers& y, int64_t begin, int64_t end) {
  Piece in;
  for (int64_t at = begin; at < end; at += kPiece) {
    const int64_t n = std::min(kPiece, end - at);
    store(load(x, at, n, in.data()), n, y, at);
  }
}

}  // namespace hasten::kernels
