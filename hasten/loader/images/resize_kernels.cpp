// Across: pairs of taps by multiply-add of 16-bit words, two output pixels in one register. Down: 16 values at once by
// multiplication with rounding. The plain loops round at the same places.
#include "hasten/loader/images/resize_kernels.h"

#include <algorithm>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace hasten {
namespace {

constexpr int kAcrossShift = 7;  // 14 + 8 bits to 15
constexpr int kDownShift = 6;    // (7 + 14) - 15: what multiplication with rounding leaves

void arrange_plain(const FilterTable&, int, std::vector<int16_t>&) {}

template <int kChannels>
void across_plain_row(const uint8_t* from, const FilterTable& table, int begin, int width, int16_t* to) {
  for (int x = begin; x < width; ++x) {
    const uint8_t* window = from + table.first[static_cast<size_t>(x)] * kChannels;
    const int16_t* weight = table.weights.data() + static_cast<std::ptrdiff_t>(x) * table.taps;
    int32_t sums[kChannels] = {};
    for (int k = 0; k < table.taps; ++k) {
      if (weight[k] == 0) continue;  // it may lie outside
      for (int c = 0; c < kChannels; ++c) sums[c] += weight[k] * window[k * kChannels + c];
    }
    for (int c = 0; c < kChannels; ++c)
      to[x * kChannels + c] = static_cast<int16_t>((sums[c] + (1 << (kAcrossShift - 1))) >> kAcrossShift);
  }
}

void across_plain(const uint8_t* from, const FilterTable& table, const std::vector<int16_t>&, int channels, int width,
                  int16_t* to) {
  if (channels == 3) across_plain_row<3>(from, table, 0, width, to);
  else across_plain_row<1>(from, table, 0, width, to);
}

void down_plain_from(const int16_t* const* rows, const int16_t* weights, int count, size_t begin, size_t length,
                     uint8_t* to) {
  for (size_t i = begin; i < length; ++i) {
    int32_t sum = 1 << (kDownShift - 1);
    for (int k = 0; k < count; ++k) sum += (rows[k][i] * weights[k] + (1 << 14)) >> 15;
    to[i] = static_cast<uint8_t>(std::clamp(sum >> kDownShift, 0, 255));
  }
}

void down_plain(const int16_t* const* rows, const int16_t* weights, int count, size_t length, uint8_t* to) {
  down_plain_from(rows, weights, count, 0, length, to);
}

#if defined(__x86_64__)

// Output pixels x .. x + 3 are summed as (x, x + 2) and (x + 1, x + 3) in the halves of two registers: packing them
// brings them in order. Each pair of weights stands there four times, 16 bytes.
void arrange_pairs(const FilterTable& table, int channels, std::vector<int16_t>& weights) {
  if (channels != 3) return;
  const size_t width = table.first.size() / 4 * 4, taps = static_cast<size_t>(table.taps), pairs = taps / 2;
  weights.resize(width * pairs * 8);
  for (size_t x = 0; x < width; ++x) {
    const int16_t* from = table.weights.data() + x * taps;
    int16_t* to = weights.data() + (x / 4 * 2 + x % 2) * pairs * 16 + x % 4 / 2 * 8;
    for (size_t pair = 0; pair < pairs; ++pair, from += 2, to += 16) {
      uint32_t two;
      std::memcpy(&two, from, 4);
      const uint32_t four[4] = {two, two, two, two};
      std::memcpy(to, four, 16);
    }
  }
}

#define HASTEN_AVX2 __attribute__((target("avx2")))

HASTEN_AVX2 inline __m256i load_two(const uint8_t* a, const uint8_t* b) {
  return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(a))),
                                 _mm_loadu_si128(reinterpret_cast<const __m128i*>(b)), 1);
}

// The sums of two output pixels, four words R G B 0 each. Of each four taps the bytes r0 g0 b0 r1 ... become words
// r0 r1 g0 g1 b0 b1 and r2 r3 g2 g3 b2 b3.
template <int kPairs>
HASTEN_AVX2 inline __m256i sum_two(const uint8_t* a, const uint8_t* b, const int16_t* weights, int pairs) {
  const __m256i spread01 = _mm256_setr_epi8(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1,  //
                                            0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1);
  const __m256i spread23 = _mm256_setr_epi8(6, -1, 9, -1, 7, -1, 10, -1, 8, -1, 11, -1, -1, -1, -1, -1,  //
                                            6, -1, 9, -1, 7, -1, 10, -1, 8, -1, 11, -1, -1, -1, -1, -1);
  __m256i sum = _mm256_set1_epi32(1 << (kAcrossShift - 1));
  const int count = kPairs > 0 ? kPairs : pairs;
  for (int pair = 0; pair < count; pair += 2, a += 12, b += 12, weights += 32) {
    const __m256i pixels = load_two(a, b);
    const auto* weight = reinterpret_cast<const __m256i*>(weights);
    sum = _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_shuffle_epi8(pixels, spread01), _mm256_loadu_si256(weight)));
    if (pair + 1 == count) break;
    sum =
        _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_shuffle_epi8(pixels, spread23), _mm256_loadu_si256(weight + 1)));
  }
  return _mm256_srai_epi32(sum, kAcrossShift);
}

// kPairs of taps; 0: as many as the table says. Writes up to two values too many.
template <int kPairs>
HASTEN_AVX2 void across_avx2_row(const uint8_t* from, const FilterTable& table, const int16_t* weights, int width,
                                 int16_t* to) {
  const __m256i close = _mm256_setr_epi8(0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13, -1, -1, -1, -1,  //
                                         0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13, -1, -1, -1, -1);
  const int pairs = table.taps / 2;
  const size_t of_two = static_cast<size_t>(pairs) * 16;
  const int32_t* first = table.first.data();
  int x = 0;
  for (; x + 4 <= width; x += 4, weights += 2 * of_two) {
    const __m256i even = sum_two<kPairs>(from + first[x] * 3, from + first[x + 2] * 3, weights, pairs);
    const __m256i odd = sum_two<kPairs>(from + first[x + 1] * 3, from + first[x + 3] * 3, weights + of_two, pairs);
    const __m256i words = _mm256_shuffle_epi8(_mm256_packs_epi32(even, odd), close);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + x * 3), _mm256_castsi256_si128(words));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + x * 3 + 6), _mm256_extracti128_si256(words, 1));
  }
  across_plain_row<3>(from, table, x, width, to);
}

HASTEN_AVX2 void across_avx2(const uint8_t* from, const FilterTable& table, const std::vector<int16_t>& weights,
                             int channels, int width, int16_t* to) {
  if (channels != 3) return across_plain_row<1>(from, table, 0, width, to);
  switch (table.taps / 2) {
    case 1: return across_avx2_row<1>(from, table, weights.data(), width, to);
    case 2: return across_avx2_row<2>(from, table, weights.data(), width, to);
    case 3: return across_avx2_row<3>(from, table, weights.data(), width, to);
    case 4: return across_avx2_row<4>(from, table, weights.data(), width, to);
    default: return across_avx2_row<0>(from, table, weights.data(), width, to);
  }
}

// 16 kRegisters values from `at` on.
template <int kRegisters>
HASTEN_AVX2 inline void down_block(const int16_t* const* rows, const int16_t* weights, int count, size_t at,
                                   uint8_t* to) {
  __m256i sums[kRegisters];
  for (__m256i& sum : sums) sum = _mm256_set1_epi16(1 << (kDownShift - 1));
  for (int k = 0; k < count; ++k) {
    const __m256i weight = _mm256_set1_epi16(weights[k]);
    const auto* row = reinterpret_cast<const __m256i*>(rows[k] + at);
    for (int r = 0; r < kRegisters; ++r)
      sums[r] = _mm256_add_epi16(sums[r], _mm256_mulhrs_epi16(_mm256_loadu_si256(row + r), weight));
  }
  for (int r = 0; r < kRegisters; r += 2) {
    const __m256i bytes =
        _mm256_packus_epi16(_mm256_srai_epi16(sums[r], kDownShift), _mm256_srai_epi16(sums[r + 1], kDownShift));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + at + 16 * static_cast<size_t>(r)),
                        _mm256_permute4x64_epi64(bytes, 0xD8));
  }
}

HASTEN_AVX2 void down_avx2(const int16_t* const* rows, const int16_t* weights, int count, size_t length, uint8_t* to) {
  size_t at = 0;
  for (; at + 96 <= length; at += 96) down_block<6>(rows, weights, count, at, to);
  for (; at + 32 <= length; at += 32) down_block<2>(rows, weights, count, at, to);
  down_plain_from(rows, weights, count, at, length, to);
}

#undef HASTEN_AVX2
#endif

}  // namespace

const ResizeKernels& portable_kernels() {
  static constexpr ResizeKernels kKernels{1, arrange_plain, across_plain, down_plain};
  return kKernels;
}

const ResizeKernels& best_kernels() {
#if defined(__x86_64__)
  static constexpr ResizeKernels kAvx2{2, arrange_pairs, across_avx2, down_avx2};
  static const bool has_avx2 = __builtin_cpu_supports("avx2") != 0;
  if (has_avx2) return kAvx2;
#endif
  return portable_kernels();
}

}  // namespace hasten
