// Two passes over a row that is in the first cache.
#include "hasten/kernels/feature_norm.h"

#include <cmath>
#include <vector>

#include "hasten/kernels/vectorised.h"

namespace hasten::kernels {
namespace {

HASTEN_VECTORISED float sum_of(const float* x, int64_t n) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < n; ++i) sum += x[i];
  return sum;
}

HASTEN_VECTORISED float squares_of(const float* x, int64_t n, float mean) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < n; ++i) sum += (x[i] - mean) * (x[i] - mean);
  return sum;
}

HASTEN_VECTORISED void normalise(const float* x, int64_t n, float mean, float rate, const float* weight,
                                 const float* bias, float* y) {
  if (weight == nullptr) {
    for (int64_t i = 0; i < n; ++i) y[i] = (x[i] - mean) * rate;
  } else if (bias == nullptr) {
    for (int64_t i = 0; i < n; ++i) y[i] = (x[i] - mean) * rate * weight[i];
  } else {
    for (int64_t i = 0; i < n; ++i) y[i] = (x[i] - mean) * rate * weight[i] + bias[i];
  }
}

struct GradientSums {
  float plain = 0, along = 0;  // of g, and of g times the normalised x
};

// g = dy w.
HASTEN_VECTORISED GradientSums weigh(const float* x, const float* dy, int64_t n, float mean, float rate,
                                     const float* weight, float* g) {
  float plain = 0, along = 0;
  if (weight == nullptr) {
    for (int64_t i = 0; i < n; ++i) g[i] = dy[i];
  } else {
    for (int64_t i = 0; i < n; ++i) g[i] = dy[i] * weight[i];
  }
#pragma omp simd reduction(+ : plain, along)
  for (int64_t i = 0; i < n; ++i) {
    plain += g[i];
    along += g[i] * (x[i] - mean) * rate;
  }
  return {plain, along};
}

HASTEN_VECTORISED void combine(const float* x, int64_t n, float mean, float rate, GradientSums means, float* g) {
  for (int64_t i = 0; i < n; ++i) g[i] = rate * (g[i] - means.plain - (x[i] - mean) * rate * means.along);
}

HASTEN_VECTORISED void add_weights(const float* x, const float* dy, int64_t n, float mean, float rate, float* dweight) {
  for (int64_t i = 0; i < n; ++i) dweight[i] += dy[i] * (x[i] - mean) * rate;
}

HASTEN_VECTORISED void add_to(const float* dy, int64_t n, float* sum) {
  for (int64_t i = 0; i < n; ++i) sum[i] += dy[i];
}

}  // namespace

void FeatureNormForward::rows(int64_t begin, int64_t end) const {
  std::vector<float> in(static_cast<size_t>(features)), out(static_cast<size_t>(features));
  const auto n = static_cast<float>(features);
  for (int64_t row = begin; row < end; ++row) {
    const float* values = load(x, row * features, features, in.data());
    const float middle = mean == nullptr ? 0 : sum_of(values, features) / n;
    const float steep = 1 / std::sqrt(squares_of(values, features, middle) / n + epsilon);
    normalise(values, features, middle, steep, weight, bias, out.data());
    store(out.data(), features, y, row * features);
    if (mean != nullptr) mean[row] = middle;
    rate[row] = steep;
  }
}

void FeatureNormBackward::rows(int64_t begin, int64_t end, float* dweight, float* dbias) const {
  std::vector<float> in(static_cast<size_t>(features)), above(static_cast<size_t>(features)),
      gradient(static_cast<size_t>(features));
  const auto n = static_cast<float>(features);
  for (int64_t row = begin; row < end; ++row) {
    const float* values = load(x, row * features, features, in.data());
    const float* given = load(dy, row * features, features, above.data());
    const float middle = mean == nullptr ? 0 : mean[row];
    GradientSums sums = weigh(values, given, features, middle, rate[row], weight, gradient.data());
    sums = {mean == nullptr ? 0 : sums.plain / n, sums.along / n};
    combine(values, features, middle, rate[row], sums, gradient.data());
    store(gradient.data(), features, dx, row * features);
    if (dweight != nullptr) add_weights(values, given, features, middle, rate[row], dweight);
    if (dbias != nullptr) add_to(given, features, dbias);
  }
}

}  // namespace hasten::kernels
