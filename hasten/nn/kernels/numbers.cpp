// Conversions between fp32 and bf16.
#include "hasten/nn/kernels/numbers.h"

#include <bit>
#include <cstring>

#include "hasten/nn/kernels/vectorised.h"

namespace hasten::kernels {
namespace {

HASTEN_VECTORISED void widen(const uint16_t* from, int64_t count, float* to) {
  for (int64_t i = 0; i < count; ++i) to[i] = std::bit_cast<float>(static_cast<uint32_t>(from[i]) << 16);
}

HASTEN_VECTORISED void narrow(const float* from, int64_t count, uint16_t* to) {
  constexpr uint32_t kHalf = 0x7fff, kNone = 0x7fc0;
  for (int64_t i = 0; i < count; ++i) {
    const auto bits = std::bit_cast<uint32_t>(from[i]);
    const uint32_t rounded = (bits + kHalf + ((bits >> 16) & 1)) >> 16;
    const bool is_number = (bits & 0x7fffffff) <= 0x7f800000;
    to[i] = static_cast<uint16_t>(is_number ? rounded : kNone);
  }
}

}  // namespace

const float* load(const Numbers& from, int64_t index, int64_t count, float* scratch) {
  if (from.format == Format::kFp32) return static_cast<const float*>(from.at(index));
  widen(static_cast<const uint16_t*>(from.at(index)), count, scratch);
  return scratch;
}

void store(const float* from, int64_t count, const Numbers& to, int64_t index) {
  if (to.format == Format::kFp32) std::memcpy(to.at(index), from, static_cast<size_t>(count) * sizeof(float));
  else narrow(from, count, static_cast<uint16_t*>(to.at(index)));
}

}  // namespace hasten::kernels
