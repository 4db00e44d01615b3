// The cheap counter against the clock.
#include "hasten/base/ticks.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <thread>

namespace hasten {
namespace {

TEST(Ticks, GoOnlyForwardOnAllThreads) {
  std::array<int64_t, 2> last{};
  std::array<bool, 2> forward{true, true};
  const auto watch = [&](size_t i) {
    last[i] = now_ticks();
    for (int k = 0; k < 100'000; ++k) {
      const int64_t now = now_ticks();
      forward[i] = forward[i] && now >= last[i];
      last[i] = now;
    }
  };
  std::thread other(watch, 1);
  watch(0);
  other.join();
  EXPECT_TRUE(forward[0]);
  EXPECT_TRUE(forward[1]);
}

TEST(Ticks, AreNanosecondsByTheClock) {
  // The outer span is the longer one, whatever comes between two readings.
  const int64_t outer_ns = now_ns(), ticks = now_ticks(), inner_ns = now_ns();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const int64_t inner_end = now_ns(), ticks_end = now_ticks(), outer_end = now_ns();
  const double span = static_cast<double>(ticks_end - ticks) * ns_per_tick();
  EXPECT_GT(span, 0.9995 * static_cast<double>(inner_end - inner_ns));
  EXPECT_LT(span, 1.0005 * static_cast<double>(outer_end - outer_ns));
}

}  // namespace
}  // namespace hasten
