// A monotonic counter that is cheaper to read than the clock: for threads that change what they do several times in ten microseconds.
#pragma once

#include <cstdint>

#include "hasten/base/clock.h"

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace hasten {

namespace detail {
// Whether the processor's time stamp counter runs evenly in all states and alike on all cores, as the processor says and the kernel
// believes; false until the program's globals are there.
extern bool tick_by_time_stamp;
}  // namespace detail

// Only differences mean anything.
inline int64_t now_ticks() {
#if defined(__x86_64__)
  if (detail::tick_by_time_stamp) return static_cast<int64_t>(__rdtsc());
#endif
  return now_ns();
}

// Measured once against the clock, to some millionths; the first call waits until the process is 10 ms old.
double ns_per_tick();

}  // namespace hasten
