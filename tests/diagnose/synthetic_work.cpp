// Sleeps, spins and two kernels.
#include "tests/diagnose/synthetic_work.h"

#include <sys/prctl.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <ctime>
#include <vector>

#include "hasten/base/clock.h"
#include "hasten/base/rng.h"

namespace hasten::diagnose {
namespace {

constexpr size_t kStream = size_t{2} << 20;  // doubles: more than a core's own caches hold
constexpr double kBytesAnElement = 16;       // read and written
constexpr size_t kLanes = 64;
constexpr int64_t kRepeatsBetweenLooks = 100;
constexpr double kFlopsARepeat = 2 * kLanes;

int64_t thread_ns() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return int64_t{1'000'000'000} * time.tv_sec + time.tv_nsec;
}

void stream(int64_t elements) {
  static thread_local std::vector<double> values(kStream, 1.0);
  static thread_local size_t at = 0;
  while (elements > 0) {
    const size_t count = std::min(static_cast<size_t>(elements), kStream - at);
    for (size_t i = at; i < at + count; ++i) values[i] = 1.0 - 0.5 * values[i];
    at = at + count == kStream ? 0 : at + count;
    elements -= static_cast<int64_t>(count);
  }
}

void multiply(int64_t repeats) {
  static thread_local std::array<float, kLanes> values{};
  std::array<float, kLanes> sums = values;
  for (int64_t i = 0; i < repeats; ++i) {
    for (float& sum : sums) sum = sum * 0.5F + 1.0F;
  }
  values = sums;
}

// Amount a second, the best of some tries.
double best_rate(void (*kernel)(int64_t), int64_t amount) {
  constexpr int kTries = 15;
  double best = 0;
  for (int i = 0; i < kTries; ++i) {
    const int64_t begin = now_ns();
    kernel(amount);
    best = std::max(best, static_cast<double>(amount) / seconds(now_ns() - begin));
  }
  return best;
}

double elements_per_s() {
  static const double rate = best_rate(stream, int64_t{kStream});
  return rate;
}
double repeats_per_s() {
  static const double rate = best_rate(multiply, 200'000);
  return rate;
}

}  // namespace

double peak_bytes_per_s() { return kBytesAnElement * elements_per_s(); }
double peak_flops_per_s() { return kFlopsARepeat * repeats_per_s(); }

void sleep_until(int64_t ns) {
  // The kernel may round wake-ups to 50 us, of every thread by itself.
  static thread_local const int exact = prctl(PR_SET_TIMERSLACK, 1UL);
  static_cast<void>(exact);
  const timespec until{ns / 1'000'000'000, ns % 1'000'000'000};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) != 0) continue;
}

void spend(Work work, double seconds_long) {
  if (seconds_long <= 0) return;
  const auto ns = static_cast<int64_t>(1e9 * seconds_long);
  switch (work) {
    case Work::kSleep: sleep_until(now_ns() + ns); return;
    case Work::kSpin: {
      // The clock is a system call, so it is not asked all the time.
      const int64_t end = thread_ns() + ns;
      while (thread_ns() < end) multiply(kRepeatsBetweenLooks);
      return;
    }
    case Work::kTraffic: stream(static_cast<int64_t>(seconds_long * elements_per_s())); return;
    case Work::kArithmetic: multiply(static_cast<int64_t>(seconds_long * repeats_per_s())); return;
  }
}

double variation(double cv, uint64_t seed, uint64_t part, int64_t batch) {
  if (cv <= 0) return 1;
  RandomStream random(seed, operation("synthetic.variation"), part, static_cast<uint64_t>(batch));
  const double variance = std::log1p(cv * cv);
  return std::exp(std::sqrt(variance) * random.normal() - 0.5 * variance);
}

}  // namespace hasten::diagnose
