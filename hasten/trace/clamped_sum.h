// Sums of numbers that come from a file, whatever they are.
#pragma once

#include <cstdint>
#include <limits>

namespace hasten::trace {

// Adds what is not negative; what is too large for the type stays at the largest.
inline void add_clamped(int64_t& sum, int64_t value) {
  if (value > 0 && __builtin_add_overflow(sum, value, &sum)) sum = std::numeric_limits<int64_t>::max();
}

}  // namespace hasten::trace
