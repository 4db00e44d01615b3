// A panel's step is two tiles of 16 lanes. Left tiles have a lane in each row; right ones pairs of the inner dimension in each
// row, with both numbers of a lane side by side, as the instruction wants them.
#include "hasten/kernels/tiles.h"

#include "hasten/kernels/tiles_target.h"
#include "hasten/kernels/vectorised.h"

#ifdef HASTEN_TILES
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace hasten::kernels::tiles {

#ifdef HASTEN_TILES
namespace {

constexpr int kLanes = 16;  // of a tile
constexpr int kTile = kLanes * static_cast<int>(kStep);  // numbers in it
constexpr int kRowBytes = 64;

bool asked_for_tiles() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  // Of leaf 7: AVX-512 F, DQ, BW, VL, and tiles with bf16; in its second part AVX-512 with bf16.
  constexpr unsigned kWide = (1U << 16) | (1U << 17) | (1U << 30) | (1U << 31), kTileBits = (1U << 22) | (1U << 24),
                     kWideBf16 = 1U << 5;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0 || (b & kWide) != kWide || (d & kTileBits) != kTileBits)
    return false;
  if (__get_cpuid_count(7, 1, &a, &b, &c, &d) == 0 || (a & kWideBf16) == 0) return false;
  constexpr long kRequest = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM of arch/x86/include/uapi/asm/prctl.h
  return syscall(SYS_arch_prctl, kRequest, kTileData) == 0;
}

// 16 rows of 16 numbers of 32 bits.
HASTEN_TILES_INLINE void transpose(__m512i (&r)[kLanes]) {
  __m512i t[kLanes];
  for (int i = 0; i < 8; ++i) {
    t[2 * i] = _mm512_unpacklo_epi32(r[2 * i], r[2 * i + 1]);
    t[2 * i + 1] = _mm512_unpackhi_epi32(r[2 * i], r[2 * i + 1]);
  }
  for (int i = 0; i < 4; ++i) {
    r[4 * i] = _mm512_unpacklo_epi64(t[4 * i], t[4 * i + 2]);
    r[4 * i + 1] = _mm512_unpackhi_epi64(t[4 * i], t[4 * i + 2]);
    r[4 * i + 2] = _mm512_unpacklo_epi64(t[4 * i + 1], t[4 * i + 3]);
    r[4 * i + 3] = _mm512_unpackhi_epi64(t[4 * i + 1], t[4 * i + 3]);
  }
  constexpr int kEven = 0x88, kOdd = 0xdd;
  for (int i = 0; i < 4; ++i) {
    t[i] = _mm512_shuffle_i32x4(r[i], r[i + 4], kEven);
    t[i + 4] = _mm512_shuffle_i32x4(r[i], r[i + 4], kOdd);
    t[i + 8] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], kEven);
    t[i + 12] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], kOdd);
  }
  for (int i = 0; i < 4; ++i) {
    r[i] = _mm512_shuffle_i32x4(t[i], t[i + 8], kEven);
    r[i + 8] = _mm512_shuffle_i32x4(t[i], t[i + 8], kOdd);
    r[i + 4] = _mm512_shuffle_i32x4(t[i + 4], t[i + 12], kEven);
    r[i + 12] = _mm512_shuffle_i32x4(t[i + 4], t[i + 12], kOdd);
  }
}

// 16 lanes at a place of the inner dimension, in the low halves of 32 bits.
HASTEN_TILES_INLINE __m512i words(const Operand& from, int64_t k, int64_t inner, __mmask16 mask) {
  return _mm512_cvtepu16_epi32(k < inner ? _mm256_maskz_loadu_epi16(mask, from.data + k * from.inner_stride)
                                         : _mm256_setzero_si256());
}

// Lanes in rows (left), or pairs in rows (right). In memory either lanes or places of the inner dimension lie in a row.
HASTEN_TILES void pack_tile(const Operand& from, int64_t lanes, int64_t inner, bool right, uint16_t* tile) {
  __m512i r[kLanes];
  if (from.inner_stride == 1) {
    const __mmask32 mask = inner >= kStep ? ~0U : (1U << inner) - 1;
    for (int i = 0; i < kLanes; ++i) {
      r[i] = i < lanes ? _mm512_maskz_loadu_epi16(mask, from.data + i * from.lane_stride) : _mm512_setzero_si512();
    }
    if (right) transpose(r);
  } else {
    const __mmask16 mask = static_cast<__mmask16>(lanes >= kLanes ? 0xffff : (1U << lanes) - 1);
    for (int i = 0; i < kLanes; ++i)
      r[i] =
          _mm512_or_si512(words(from, 2 * i, inner, mask), _mm512_slli_epi32(words(from, 2 * i + 1, inner, mask), 16));
    if (!right) transpose(r);
  }
  for (int i = 0; i < kLanes; ++i) _mm512_storeu_si512(tile + i * kStep, r[i]);
}

void pack(const Operand& from, int64_t lanes, int64_t inner, bool right, uint16_t* panels) {
  for (int64_t lane = 0; lane < lanes; lane += kPanel) {
    for (int64_t k = 0; k < inner; k += kStep) {
      for (int64_t half = lane; half < lane + kPanel; half += kLanes, panels += kTile) {
        const int64_t left = lanes > half ? lanes - half : 0;
        pack_tile(from.from(left > 0 ? half : 0, k), left, inner - k, right, panels);
      }
    }
  }
}

// Instructions of tiles do not tell the compiler what memory they read.
HASTEN_INLINE void memory_is_as_written() { __asm__ volatile("" ::: "memory"); }

HASTEN_TILES void configure() {
  struct alignas(64) Layout {
    uint8_t palette = 1, start = 0, reserved[14] = {};
    uint16_t row_bytes[16] = {};
    uint8_t rows[16] = {};
  } layout;
  for (int i = 0; i < 8; ++i) {
    layout.row_bytes[i] = kRowBytes;
    layout.rows[i] = kLanes;
  }
  memory_is_as_written();
  _tile_loadconfig(&layout);
}

HASTEN_TILES void release() { _tile_release(); }

}  // namespace

bool available() {
  static const bool granted = asked_for_tiles();
  return granted;
}

// Attributes do not hold for constructors.
Session::Session() { configure(); }
Session::~Session() { release(); }

void pack_left(const Operand& from, int64_t lanes, int64_t inner, uint16_t* panels) {
  pack(from, lanes, inner, false, panels);
}
void pack_right(const Operand& from, int64_t lanes, int64_t inner, uint16_t* panels) {
  pack(from, lanes, inner, true, panels);
}

namespace {

// Left panels: how their rows, halves and steps lie, in numbers.
struct LeftForm {
  int64_t row = kStep, half = kTile, step = kPanelStep;
};

template <bool add>
HASTEN_TILES_INLINE void multiply_tiles(const uint16_t* left, const LeftForm& form, const uint16_t* right,
                                        int64_t steps, float* c, int64_t stride) {
  const int64_t row_bytes = form.row * static_cast<int64_t>(sizeof(uint16_t));
  const int64_t bytes = stride * static_cast<int64_t>(sizeof(float));
  float* lower = c + kLanes * stride;
  memory_is_as_written();
  if constexpr (add) {
    _tile_loadd(0, c, bytes);
    _tile_loadd(1, c + kLanes, bytes);
    _tile_loadd(2, lower, bytes);
    _tile_loadd(3, lower + kLanes, bytes);
  } else {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  }
  for (int64_t k = 0; k < steps; ++k, left += form.step, right += kPanelStep) {
    _tile_loadd(4, left, row_bytes);
    _tile_loadd(6, right, kRowBytes);
    _tile_dpbf16ps(0, 4, 6);
    _tile_loadd(7, right + kTile, kRowBytes);
    _tile_dpbf16ps(1, 4, 7);
    _tile_loadd(5, left + form.half, row_bytes);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  _tile_stored(0, c, bytes);
  _tile_stored(1, c + kLanes, bytes);
  _tile_stored(2, lower, bytes);
  _tile_stored(3, lower + kLanes, bytes);
  memory_is_as_written();
}

}  // namespace

HASTEN_TILES void multiply(const uint16_t* left, const uint16_t* right, int64_t steps, float* c, int64_t stride) {
  multiply_tiles<false>(left, {}, right, steps, c, stride);
}
HASTEN_TILES void multiply_add(const uint16_t* left, const uint16_t* right, int64_t steps, float* c, int64_t stride) {
  multiply_tiles<true>(left, {}, right, steps, c, stride);
}
HASTEN_TILES void multiply_rows(const uint16_t* left, int64_t row, const uint16_t* right, int64_t steps, float* c) {
  multiply_tiles<false>(left, {row, kLanes * row, kStep}, right, steps, c, kPanel);
}

#else

bool available() { return false; }
Session::Session() = default;
Session::~Session() = default;
void pack_left(const Operand&, int64_t, int64_t, uint16_t*) {}
void pack_right(const Operand&, int64_t, int64_t, uint16_t*) {}
void multiply(const uint16_t*, const uint16_t*, int64_t, float*, int64_t) {}
void multiply_add(const uint16_t*, const uint16_t*, int64_t, float*, int64_t) {}
void multiply_rows(const uint16_t*, int64_t, const uint16_t*, int64_t, float*) {}

#endif

}  // namespace hasten::kernels::tiles
