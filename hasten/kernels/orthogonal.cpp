// x <- a x + (b g + c g g) x with g = x x^T, on the shorter side. Both x x^T and the polynomial are symmetric: half of their
// blocks are computed.
#include "hasten/kernels/orthogonal.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "hasten/kernels/numbers.h"
#include "hasten/kernels/tiles.h"

namespace hasten::kernels {
namespace {

using tiles::kPanel;
using tiles::kStep;
using tiles::padded;

constexpr float kA = static_cast<float>(kQuintic[0]), kB = static_cast<float>(kQuintic[1]),
                kC = static_cast<float>(kQuintic[2]);

HASTEN_VECTORISED float sum_of_squares(const float* x, int64_t count) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < count; ++i) sum += x[i] * x[i];
  return sum;
}

// to = factor block + weight old for [32, 32], rows of `to` and `old` `stride` apart; they may be the same.
HASTEN_VECTORISED void combine(const float* block, float factor, const uint16_t* old, float weight, uint16_t* to,
                               int64_t stride) {
  for (int64_t i = 0; i < kPanel; ++i, block += kPanel, old += stride, to += stride) {
#pragma omp simd
    for (int64_t j = 0; j < kPanel; ++j) to[j] = narrowed(factor * block[j] + weight * widened(old[j]));
  }
}

void mirror(const uint16_t* block, uint16_t* to, int64_t stride) {
  for (int64_t i = 0; i < kPanel; ++i) {
    for (int64_t j = 0; j < kPanel; ++j) to[j * stride + i] = block[i * stride + j];
  }
}

HASTEN_VECTORISED void narrow(const float* x, float factor, int64_t count, uint16_t* to) {
#pragma omp simd
  for (int64_t i = 0; i < count; ++i) to[i] = narrowed(x[i] * factor);
}
HASTEN_VECTORISED void widen(const uint16_t* x, float factor, int64_t count, float* to) {
#pragma omp simd
  for (int64_t i = 0; i < count; ++i) to[i] = widened(x[i]) * factor;
}

// Rows a power of two apart would share few places of the first cache.
constexpr int64_t stride_of(int64_t columns) { return columns + kStep; }

// The matrix with its shorter side as rows, padded with zeros to whole panels; they stay zeros.
class Iteration {
 public:
  Iteration(int64_t shorter, int64_t longer)
      : rows_(padded(shorter)),
        columns_(padded(longer)),
        x_(count(rows_, stride_of(columns_)), uint16_t{0}),
        square_(count(rows_, stride_of(rows_)), uint16_t{0}),
        polynomial_(square_),
        across_(count(rows_, columns_)),
        right_(count(rows_, rows_)) {}

  uint16_t* row(int64_t i) { return x_.data() + i * stride_of(columns_); }

  void step() {
    const int64_t wide = stride_of(columns_), narrow = stride_of(rows_);
    tiles::pack_right({x_.data(), wide, 1}, rows_, columns_, across_.data());
    symmetric(x_.data(), columns_, across_.data(), 1, 0, square_);
    tiles::pack_right({square_.data(), narrow, 1}, rows_, rows_, right_.data());
    symmetric(square_.data(), rows_, right_.data(), kC, kB, polynomial_);
    tiles::pack_right({x_.data(), 1, wide}, columns_, rows_, across_.data());
    for (int64_t j = 0; j < columns_; j += kPanel) {
      for (int64_t i = 0; i < rows_; i += kPanel) {
        tiles::multiply_rows(polynomial_.data() + i * narrow, narrow, across_.data() + j * rows_, rows_ / kStep,
                             block_);
        combine(block_, 1, row(i) + j, kA, row(i) + j, wide);
      }
    }
  }

 private:
  static size_t count(int64_t rows, int64_t columns) { return static_cast<size_t>(rows * columns); }

  // to [rows, rows] = factor left right + weight square, of which left is [rows, inner].
  void symmetric(const uint16_t* left, int64_t inner, const uint16_t* right, float factor, float weight,
                 std::vector<uint16_t>& to) {
    const int64_t stride = stride_of(rows_);
    for (int64_t j = 0; j < rows_; j += kPanel) {
      for (int64_t i = 0; i <= j; i += kPanel) {
        const int64_t place = i * stride + j;
        tiles::multiply_rows(left + i * stride_of(inner), stride_of(inner), right + j * inner, inner / kStep, block_);
        combine(block_, factor, square_.data() + place, weight, to.data() + place, stride);
        if (j > i) mirror(to.data() + place, to.data() + j * stride + i, stride);
      }
    }
  }

  int64_t rows_, columns_;
  std::vector<uint16_t> x_, square_, polynomial_;  // rows stride_of() apart
  std::vector<uint16_t> across_, right_;  // packed
  alignas(64) float block_[kPanel * kPanel] = {};
};

}  // namespace

void Orthogonal::apply(const float* matrix, float* result) const {
  const tiles::Session session;
  const bool tall = rows > columns;
  Iteration iteration(std::min(rows, columns), std::max(rows, columns));
  double squares = 0;  // a sum in fp32 is too coarse for large matrices
  for (int64_t i = 0; i < rows; ++i) squares += static_cast<double>(sum_of_squares(matrix + i * columns, columns));
  constexpr double kLeast = 1e-7;
  const auto factor = static_cast<float>(1 / (std::sqrt(squares) + kLeast));
  for (int64_t i = 0; i < rows; ++i) {
    const float* from = matrix + i * columns;
    if (!tall) narrow(from, factor, columns, iteration.row(i));
    for (int64_t j = 0; tall && j < columns; ++j) iteration.row(j)[i] = narrowed(from[j] * factor);
  }
  for (int64_t i = 0; i < iterations; ++i) iteration.step();
  for (int64_t i = 0; i < rows; ++i) {
    float* to = result + i * columns;
    if (!tall) widen(iteration.row(i), scale, columns, to);
    for (int64_t j = 0; tall && j < columns; ++j) to[j] = widened(iteration.row(j)[i]) * scale;
  }
}

}  // namespace hasten::kernels
