// One head of one position at a time.
#include "hasten/kernels/attention_heads.h"

#include <cmath>
#include <vector>

#include "hasten/kernels/vectorised.h"

namespace hasten::kernels {
namespace {

constexpr int kParts = 3;  // queries, keys, values

HASTEN_INLINE float product_of(const float* __restrict a, const float* __restrict b, int64_t n) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

HASTEN_INLINE float squares_of(const float* x, int64_t n) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < n; ++i) sum += x[i] * x[i];
  return sum;
}

// Points (x[i], x[i + half]) turned by the angles; backwards with `way` = -1.
HASTEN_INLINE void turn(float* __restrict x, int64_t half, const float* __restrict cosine, const float* __restrict sine,
                        float way) {
  float* y = x + half;
#pragma omp simd
  for (int64_t i = 0; i < half; ++i) {
    const float a = x[i], b = y[i], s = way * sine[i];
    x[i] = a * cosine[i] - b * s;
    y[i] = b * cosine[i] + a * s;
  }
}

// Places of a head of a position: among the projections, and in its part.
struct Places {
  int64_t projected, part;
};
HASTEN_INLINE Places places_of(const AttentionHeads& shape, int64_t position, int64_t part, int64_t head) {
  const int64_t sample = position / shape.tokens, token = position % shape.tokens;
  return {((position * kParts + part) * shape.heads + head) * shape.features,
          ((sample * shape.heads + head) * shape.tokens + token) * shape.features};
}

template <class T>
HASTEN_INLINE void make_heads(const AttentionHeads& shape, const T* projected, T* const* parts, float* __restrict row,
                              int64_t begin, int64_t end) {
  const int64_t n = shape.features, half = n / 2;
  for (int64_t position = begin; position < end; ++position) {
    const int64_t angles = position % shape.tokens * half;
    for (int part = 0; part < kParts; ++part) {
      for (int64_t head = 0; head < shape.heads; ++head) {
        const Places at = places_of(shape, position, part, head);
        const T* __restrict from = projected + at.projected;
        T* __restrict to = parts[part] + at.part;
        if (part == 2) {
          for (int64_t i = 0; i < n; ++i) to[i] = from[i];
          continue;
        }
        for (int64_t i = 0; i < n; ++i) row[i] = read(from[i]);
        float factor = part == 0 ? shape.scale : 1;
        if (shape.norm) factor /= std::sqrt(squares_of(row, n) / static_cast<float>(n) + shape.epsilon);
        if (shape.cosine != nullptr) turn(row, half, shape.cosine + angles, shape.sine + angles, 1);
        for (int64_t i = 0; i < n; ++i) write(factor * row[i], to[i]);
      }
    }
  }
}

// Through the norm: rate (g - x rate^2 <g, x> / n).
template <class T>
HASTEN_INLINE void make_projections(const AttentionHeads& shape, const T* projected, const T* const* gradients, T* out,
                                    float* __restrict row, float* __restrict given, int64_t begin, int64_t end) {
  const int64_t n = shape.features, half = n / 2;
  for (int64_t position = begin; position < end; ++position) {
    const int64_t angles = position % shape.tokens * half;
    for (int part = 0; part < kParts; ++part) {
      for (int64_t head = 0; head < shape.heads; ++head) {
        const Places at = places_of(shape, position, part, head);
        const T* __restrict from = gradients[part] + at.part;
        T* __restrict to = out + at.projected;
        if (part == 2) {
          for (int64_t i = 0; i < n; ++i) to[i] = from[i];
          continue;
        }
        const float scale = part == 0 ? shape.scale : 1;
        for (int64_t i = 0; i < n; ++i) row[i] = scale * read(from[i]);
        if (shape.cosine != nullptr) turn(row, half, shape.cosine + angles, shape.sine + angles, -1);
        if (!shape.norm) {
          for (int64_t i = 0; i < n; ++i) write(row[i], to[i]);
          continue;
        }
        const T* __restrict x = projected + at.projected;
        for (int64_t i = 0; i < n; ++i) given[i] = read(x[i]);
        const float rate = 1 / std::sqrt(squares_of(given, n) / static_cast<float>(n) + shape.epsilon);
        const float along = product_of(row, given, n) * rate * rate / static_cast<float>(n);
        for (int64_t i = 0; i < n; ++i) write(rate * (row[i] - given[i] * along), to[i]);
      }
    }
  }
}

HASTEN_VECTORISED void heads32(const AttentionHeads& shape, const float* projected, float* const* parts, float* row,
                               int64_t begin, int64_t end) {
  make_heads(shape, projected, parts, row, begin, end);
}
HASTEN_VECTORISED void heads16(const AttentionHeads& shape, const uint16_t* projected, uint16_t* const* parts,
                               float* row, int64_t begin, int64_t end) {
  make_heads(shape, projected, parts, row, begin, end);
}
HASTEN_VECTORISED void projections32(const AttentionHeads& shape, const float* projected, const float* const* gradients,
                                     float* out, float* row, float* given, int64_t begin, int64_t end) {
  make_projections(shape, projected, gradients, out, row, given, begin, end);
}
HASTEN_VECTORISED void projections16(const AttentionHeads& shape, const uint16_t* projected,
                                     const uint16_t* const* gradients, uint16_t* out, float* row, float* given,
                                     int64_t begin, int64_t end) {
  make_projections(shape, projected, gradients, out, row, given, begin, end);
}

template <class T>
T* as(const Numbers& numbers) {
  return static_cast<T*>(numbers.data);
}

}  // namespace

void AttentionHeads::forward(const Numbers& projected, const Numbers (&parts)[3], int64_t begin, int64_t end) const {
  std::vector<float> row(static_cast<size_t>(features));
  if (projected.format == Format::kFp32) {
    float* const to[] = {as<float>(parts[0]), as<float>(parts[1]), as<float>(parts[2])};
    heads32(*this, as<float>(projected), to, row.data(), begin, end);
  } else {
    uint16_t* const to[] = {as<uint16_t>(parts[0]), as<uint16_t>(parts[1]), as<uint16_t>(parts[2])};
    heads16(*this, as<uint16_t>(projected), to, row.data(), begin, end);
  }
}

void AttentionHeads::backward(const Numbers& projected, const Numbers (&gradients)[3], const Numbers& out,
                              int64_t begin, int64_t end) const {
  std::vector<float> row(static_cast<size_t>(features)), given(row.size());
  if (out.format == Format::kFp32) {
    const float* const from[] = {as<float>(gradients[0]), as<float>(gradients[1]), as<float>(gradients[2])};
    projections32(*this, as<float>(projected), from, as<float>(out), row.data(), given.data(), begin, end);
  } else {
    const uint16_t* const from[] = {as<uint16_t>(gradients[0]), as<uint16_t>(gradients[1]), as<uint16_t>(gradients[2])};
    projections16(*this, as<uint16_t>(projected), from, as<uint16_t>(out), row.data(), given.data(), begin, end);
  }
}

}  // namespace hasten::kernels
