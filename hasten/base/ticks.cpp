#include "hasten/base/ticks.h"

#include <fstream>
#include <string>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace hasten {
namespace {

// The kernel takes time from the counter itself only if it found all cores' alike.
bool kernel_trusts_time_stamp() {
  std::string source;
  std::ifstream("/sys/devices/system/clocksource/clocksource0/current_clocksource") >> source;
  return source == "tsc" || source == "kvm-clock" || source == "hyperv_clocksource_tsc_page";
}

bool time_stamp_is_even() {
#if defined(__x86_64__)
  constexpr unsigned kPowerLeaf = 0x80000007, kInvariant = 1u << 8;
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid(kPowerLeaf, &a, &b, &c, &d) != 0 && (d & kInvariant) != 0 && kernel_trusts_time_stamp();
#else
  return false;
#endif
}

struct Moment {
  int64_t ns, ticks;
};
// Both clocks at one moment: the reading that was least disturbed.
Moment moment() {
  Moment best{};
  int64_t narrowest = INT64_MAX;
  for (int i = 0; i < 8; ++i) {
    const int64_t before = now_ticks(), ns = now_ns(), after = now_ticks();
    if (after - before >= narrowest) continue;
    narrowest = after - before;
    best = {ns, before + (after - before) / 2};
  }
  return best;
}

}  // namespace

namespace detail {
bool tick_by_time_stamp = time_stamp_is_even();
}  // namespace detail

namespace {
const Moment kBegin = moment();
}  // namespace

double ns_per_tick() {
  static const double measured = [] {
    constexpr int64_t kSpanNs = 10'000'000;
    while (now_ns() - kBegin.ns < kSpanNs) {}
    const Moment end = moment();
    return static_cast<double>(end.ns - kBegin.ns) / static_cast<double>(end.ticks - kBegin.ticks);
  }();
  return measured;
}

}  // namespace hasten
