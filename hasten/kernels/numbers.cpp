// Conversions between fp32 and bf16.
#include "hasten/kernels/numbers.h"

#include <cstring>

#include "hasten/kernels/vectorised.h"

namespace hasten::kernels {
namespace {

HASTEN_VECTORISED void widen(const uint16_t* __restrict from, int64_t count, float* __restrict to) {
  for (int64_t i = 0; i < count; ++i) to[i] = widened(from[i]);
}

HASTEN_VECTORISED void narrow(const float* __restrict from, int64_t count, uint16_t* __restrict to) {
  for (int64_t i = 0; i < count; ++i) to[i] = narrowed(from[i]);
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
