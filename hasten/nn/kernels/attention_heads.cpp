// One head of one position at a time.
#include "hasten/nn/kernels/attention_heads.h"

#include <cmath>
#include <vector>

#include "hasten/nn/kernels/vectorised.h"

namespace hasten::kernels {
namespace {

HASTEN_VECTORISED float product_of(const float* a, const float* b, int64_t n) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

HASTEN_VECTORISED void scaled(const float* x, int64_t n, float factor, float* y) {
  for (int64_t i = 0; i < n; ++i) y[i] = factor * x[i];
}

// Points (x[i], x[i + half]) turned by the angles; backwards with `way` = -1.
HASTEN_VECTORISED void turn(float* x, int64_t half, const float* cosine, const float* sine, float way) {
  float* y = x + half;
  for (int64_t i = 0; i < half; ++i) {
    const float a = x[i], b = y[i], s = way * sine[i];
    x[i] = a * cosine[i] - b * s;
    y[i] = b * cosine[i] + a * s;
  }
}

// The gradient of x / rms(x): rate (g - x rate^2 <g, x> / n).
HASTEN_VECTORISED void through_norm(const float* x, int64_t n, float rate, float along, float* g) {
  for (int64_t i = 0; i < n; ++i) g[i] = rate * (g[i] - x[i] * along);
}

float rate_of(const float* x, int64_t n, float epsilon) {
  return 1 / std::sqrt(product_of(x, x, n) / static_cast<float>(n) + epsilon);
}

}  // namespace

void AttentionHeads::forward(const Numbers& projected, const Numbers (&parts)[3], int64_t begin, int64_t end) const {
  std::vector<float> in(static_cast<size_t>(features)), out(static_cast<size_t>(features));
  for (int64_t position = begin; position < end; ++position) {
    const int64_t sample = position / tokens, token = position % tokens;
    for (int64_t part = 0; part < 3; ++part) {
      for (int64_t head = 0; head < heads; ++head) {
        const int64_t from = ((position * 3 + part) * heads + head) * features;
        const int64_t to = ((sample * heads + head) * tokens + token) * features;
        const float* x = load(projected, from, features, in.data());
        if (part == 2) {
          store(x, features, parts[part], to);
          continue;
        }
        const float factor = (norm ? rate_of(x, features, epsilon) : 1) * (part == 0 ? scale : 1);
        scaled(x, features, factor, out.data());
        if (cosine != nullptr) {
          const int64_t half = features / 2;
          turn(out.data(), half, cosine + token * half, sine + token * half, 1);
        }
        store(out.data(), features, parts[part], to);
      }
    }
  }
}

void AttentionHeads::backward(const Numbers& projected, const Numbers (&gradients)[3], const Numbers& out,
                              int64_t begin, int64_t end) const {
  std::vector<float> in(static_cast<size_t>(features)), above(static_cast<size_t>(features)),
      gradient(static_cast<size_t>(features));
  for (int64_t position = begin; position < end; ++position) {
    const int64_t sample = position / tokens, token = position % tokens;
    for (int64_t part = 0; part < 3; ++part) {
      for (int64_t head = 0; head < heads; ++head) {
        const int64_t to = ((position * 3 + part) * heads + head) * features;
        const int64_t from = ((sample * heads + head) * tokens + token) * features;
        const float* g = load(gradients[part], from, features, above.data());
        if (part == 2) {
          store(g, features, out, to);
          continue;
        }
        scaled(g, features, part == 0 ? scale : 1, gradient.data());
        if (cosine != nullptr) {
          const int64_t half = features / 2;
          turn(gradient.data(), half, cosine + token * half, sine + token * half, -1);
        }
        if (norm) {
          const float* x = load(projected, to, features, in.data());
          const float rate = rate_of(x, features, epsilon);
          const float along = product_of(gradient.data(), x, features) * rate * rate / static_cast<float>(features);
          through_norm(x, features, rate, along, gradient.data());
        }
        store(gradient.data(), features, out, to);
      }
    }
  }
}

}  // namespace hasten::kernels
