// Ways to spend time that are known in advance: asleep, on a processor, on memory, on arithmetic.
#pragma once

#include <cstdint>

namespace hasten::diagnose {

enum class Work : uint8_t {
  kSleep,       // somebody else works: a disk, a device, a network
  kSpin,        // this thread's processor, by its own clock: others' load makes it take longer
  kTraffic,     // streams through memory
  kArithmetic,  // multiplies and adds
};

void sleep_until(int64_t ns);  // of now_ns()
void spend(Work work, double seconds);

// What the kernels behind kTraffic and kArithmetic reach here at their best.
double peak_bytes_per_s();
double peak_flops_per_s();

// A factor with mean 1 and this coefficient of variation, lognormal.
double variation(double cv, uint64_t seed, uint64_t part, int64_t batch);

}  // namespace hasten::diagnose
