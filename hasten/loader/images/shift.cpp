// Rows are copied in one piece, pixels beyond the edge one by one.
#include "hasten/loader/images/shift.h"

#include <algorithm>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace hasten {
namespace {

// -1 -> 1, n -> n - 2. |overhang| < n.
int reflected(int i, int n) {
  if (i < 0) return -i;
  return i < n ? i : 2 * (n - 1) - i;
}

// `count` pixels in reverse order; `from` is the first of them in memory.
void reverse_plain(const uint8_t* from, int count, int channels, uint8_t* to) {
  const uint8_t* last = from + static_cast<std::ptrdiff_t>(count) * channels;
  for (int x = 0; x < count; ++x) {
    last -= channels;
    for (int c = 0; c < channels; ++c) *to++ = last[c];
  }
}

#if defined(__x86_64__)
__attribute__((target("ssse3"))) void reverse_ssse3(const uint8_t* from, int count, int channels, uint8_t* to) {
  if (channels == 3) {  // five pixels at a time, as long as all sixteen bytes lie inside
    const __m128i order = _mm_setr_epi8(13, 14, 15, 10, 11, 12, 7, 8, 9, 4, 5, 6, 1, 2, 3, -1);
    for (; count >= 6; count -= 5, to += 15) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + count * 3 - 16));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm_shuffle_epi8(bytes, order));
    }
  }
  reverse_plain(from, count, channels, to);
}
#endif

using Reverse = void (*)(const uint8_t*, int, int, uint8_t*);

Reverse best_reverse() {
#if defined(__x86_64__)
  static const bool has_ssse3 = __builtin_cpu_supports("ssse3") != 0;
  if (has_ssse3) return reverse_ssse3;
#endif
  return reverse_plain;
}

// Of larger images most is no longer in a cache when it is used: such copies go past the caches, which saves reading what
// is overwritten.
constexpr size_t kPastCaches = size_t{1} << 17;

#if defined(__x86_64__)
__attribute__((target("avx"))) void copy_past_caches(const uint8_t* from, size_t bytes, uint8_t* to) {
  const size_t head = (32 - reinterpret_cast<uintptr_t>(to) % 32) % 32;
  std::memcpy(to, from, head);
  size_t at = head;
  for (; at + 128 <= bytes; at += 128) {
    for (size_t i = 0; i < 128; i += 32)
      _mm256_stream_si256(reinterpret_cast<__m256i*>(to + at + i),
                          _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + at + i)));
  }
  _mm_sfence();
  std::memcpy(to + at, from + at, bytes - at);
}
#endif

void copy_whole(const uint8_t* from, size_t bytes, uint8_t* to) {
#if defined(__x86_64__)
  static const bool has_avx = __builtin_cpu_supports("avx") != 0;
  if (has_avx && bytes >= kPastCaches) return copy_past_caches(from, bytes, to);
#endif
  std::memcpy(to, from, bytes);
}

}  // namespace

void place_image(const ImageView& from, bool mirrored, Shift shift, Border border, uint8_t* to) {
  const int width = from.width, height = from.height, channels = from.channels;
  const size_t whole = static_cast<size_t>(width) * static_cast<size_t>(height) * static_cast<size_t>(channels);
  if (!mirrored && shift == Shift{} && from.stride * static_cast<size_t>(height) == whole)
    return copy_whole(from.pixels, whole, to);
  const Reverse reverse = best_reverse();
  const auto bytes = [&](int pixels) { return static_cast<size_t>(pixels) * static_cast<size_t>(channels); };
  const int first = std::max(0, -shift.right), last = std::min(width, width - shift.right);  // columns that stay inside
  for (int y = 0; y < height; ++y, to += bytes(width)) {
    const int source = y + shift.down;
    if (border == Border::kZero && (source < 0 || source >= height)) {
      std::memset(to, 0, bytes(width));
      continue;
    }
    const uint8_t* row = from.row(reflected(source, height));
    if (mirrored) reverse(row + bytes(width - last - shift.right), last - first, channels, to + bytes(first));
    else std::memcpy(to + bytes(first), row + bytes(first + shift.right), bytes(last - first));
    const auto beyond = [&](int x) {
      if (border == Border::kZero) return static_cast<void>(std::memset(to + bytes(x), 0, bytes(1)));
      const int column = reflected(x + shift.right, width);
      const uint8_t* pixel = row + bytes(mirrored ? width - 1 - column : column);
      for (int c = 0; c < channels; ++c) to[bytes(x) + static_cast<size_t>(c)] = pixel[c];
    };
    for (int x = 0; x < first; ++x) beyond(x);
    for (int x = last; x < width; ++x) beyond(x);
  }
}

}  // namespace hasten
