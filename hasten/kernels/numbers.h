// Rows of numbers in fp32 or bf16, computed in fp32.
#pragma once

#include <cstdint>

#include "hasten/kernels/vectorised.h"

namespace hasten::kernels {

enum class Format : uint8_t { kFp32, kBf16 };
constexpr int64_t bytes_of(Format format) { return format == Format::kFp32 ? 4 : 2; }

HASTEN_INLINE float widened(uint16_t bf16) { return __builtin_bit_cast(float, static_cast<uint32_t>(bf16) << 16); }
// To nearest, ties to even; what is no number stays none.
HASTEN_INLINE uint16_t narrowed(float value) {
  constexpr uint32_t kHalf = 0x7fff, kNone = 0x7fc0;
  const auto bits = __builtin_bit_cast(uint32_t, value);
  const uint32_t rounded = (bits + kHalf + ((bits >> 16) & 1)) >> 16;
  return static_cast<uint16_t>((bits & 0x7fffffff) <= 0x7f800000 ? rounded : kNone);
}

// A number of either format.
HASTEN_INLINE float read(const float& value) { return value; }
HASTEN_INLINE float read(const uint16_t& value) { return widened(value); }
HASTEN_INLINE void write(float value, float& to) { to = value; }
HASTEN_INLINE void write(float value, uint16_t& to) { to = narrowed(value); }

// Memory that holds numbers of a format.
struct Numbers {
  void* data = nullptr;
  Format format = Format::kFp32;
  void* at(int64_t index) const { return static_cast<char*>(data) + index * bytes_of(format); }
};

// Numbers index .. index + count - 1 as fp32: where they lie, or converted into `scratch`.
const float* load(const Numbers& from, int64_t index, int64_t count, float* scratch);
void store(const float* from, int64_t count, const Numbers& to, int64_t index);

}  // namespace hasten::kernels
