// Sobol's sequence (I. M. Sobol 1967) with the direction numbers of S. Joe and F. Y. Kuo (new-joe-kuo-6, 2008), scrambled as by
// A. B. Owen (1995): each bit is flipped by a random bit that belongs to the bits before it.
#include "hasten/study/search_points.h"

#include "hasten/base/error.h"
#include "hasten/base/rng.h"

namespace hasten {
namespace {

constexpr int kBits = 32;

// A primitive polynomial over GF(2) of this degree, its inner coefficients as bits, and the first direction numbers.
struct SobolPolynomial {
  int degree;
  uint32_t inner;
  std::array<uint32_t, 7> start;
};
constexpr std::array<SobolPolynomial, kSobolDimensions - 1> kPolynomials{{
    {1, 0, {1}},
    {2, 1, {1, 3}},
    {3, 1, {1, 3, 1}},
    {3, 2, {1, 1, 1}},
    {4, 1, {1, 1, 3, 3}},
    {4, 4, {1, 3, 5, 13}},
    {5, 2, {1, 1, 5, 5, 17}},
    {5, 4, {1, 1, 5, 5, 5}},
    {5, 7, {1, 1, 7, 11, 19}},
    {5, 11, {1, 1, 5, 1, 1}},
    {5, 13, {1, 1, 1, 3, 11}},
    {5, 14, {1, 3, 5, 5, 31}},
    {6, 1, {1, 3, 3, 9, 7, 49}},
    {6, 13, {1, 1, 1, 15, 21, 21}},
    {6, 16, {1, 3, 1, 13, 27, 49}},
    {6, 19, {1, 1, 1, 15, 7, 5}},
    {6, 22, {1, 3, 1, 15, 13, 25}},
    {6, 25, {1, 1, 5, 5, 19, 61}},
    {7, 1, {1, 3, 7, 11, 23, 15, 103}},
    {7, 4, {1, 3, 7, 13, 13, 15, 69}},
}};

std::array<uint32_t, kBits> sobol_directions(int64_t dimension) {
  std::array<uint32_t, kBits> direction{};
  if (dimension == 0) {  // van der Corput's sequence
    for (int k = 0; k < kBits; ++k) direction[static_cast<size_t>(k)] = 1U << (kBits - 1 - k);
    return direction;
  }
  const SobolPolynomial& polynomial = kPolynomials[static_cast<size_t>(dimension - 1)];
  for (int k = 0; k < kBits; ++k) {
    uint32_t& out = direction[static_cast<size_t>(k)];
    if (k < polynomial.degree) {
      out = polynomial.start[static_cast<size_t>(k)] << (kBits - 1 - k);
      continue;
    }
    const uint32_t first = direction[static_cast<size_t>(k - polynomial.degree)];
    out = first ^ (first >> polynomial.degree);
    for (int j = 1; j < polynomial.degree; ++j) {
      if ((polynomial.inner >> (polynomial.degree - 1 - j) & 1U) != 0) out ^= direction[static_cast<size_t>(k - j)];
    }
  }
  return direction;
}

uint32_t scrambled(uint32_t bits, uint64_t key) {
  uint32_t out = 0;
  for (int b = 0; b < kBits; ++b) {
    const uint32_t mask = 1U << (kBits - 1 - b);
    const uint32_t before = b == 0 ? 0 : bits & ~(2 * mask - 1);  // the bits above this one
    const uint32_t flip =
        RandomStream(key, operation("search.scramble"), static_cast<uint64_t>(b), before).bits() >> 31;
    out |= (bits ^ (flip * mask)) & mask;
  }
  return out;
}

}  // namespace

uint32_t sobol_bits(int64_t index, int64_t dimension) {
  HASTEN_CHECK(index >= 0 && index < (int64_t{1} << kBits), "an index of 32 bits");
  HASTEN_CHECK(dimension >= 0 && dimension < kSobolDimensions, "a dimension that has direction numbers");
  const std::array<uint32_t, kBits> direction = sobol_directions(dimension);
  uint32_t bits = 0;
  for (size_t k = 0; k < kBits; ++k) {
    if ((index >> k & 1) != 0) bits ^= direction[k];
  }
  return bits;
}

std::vector<double> search_point(SearchKind kind, uint64_t seed, int64_t index, int64_t dimensions) {
  std::vector<double> point;
  RandomStream random(seed, operation("search.random"), 0, static_cast<uint64_t>(index));
  for (int64_t d = 0; d < dimensions; ++d) {
    if (kind == SearchKind::kRandom) {
      point.push_back(random.uniform());
      continue;
    }
    const uint32_t bits = scrambled(sobol_bits(index, d), mix(seed, static_cast<uint64_t>(d)));
    point.push_back((static_cast<double>(bits) + 0.5) / 4294967296.0);
  }
  return point;
}

}  // namespace hasten
