// Lines of the watch: when, which, and how often.
#include "hasten/diagnose/run_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hasten::diagnose {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

WatchWindow window(int64_t first, double seconds = 1) { return {first, first + 50, seconds, 0, 0, 0, {}, {}, {}}; }

TEST(RunWatchTest, SaysNothingOfAQuietRun) {
  RunWatch watch;
  for (int64_t step = 0; step < 5000; step += 50) {
    WatchWindow seen = window(step);
    seen.loader_wait_s = 0.09;
    seen.sync_s = 0.05;
    seen.throttled_s = 0.01;
    EXPECT_EQ(watch.see(seen), std::nullopt);
  }
}

TEST(RunWatchTest, NamesTheLargestShareOnce) {
  RunWatch watch;
  std::vector<std::string> lines;
  for (int64_t step = 50; step < 1000; step += 50) {
    WatchWindow seen = window(step);
    seen.loader_wait_s = 0.4;
    seen.throttled_s = 0.2;
    if (const auto line = watch.see(seen)) lines.push_back(*line);
  }
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_THAT(lines[0],
              StartsWith("input-bound: 40% of steps 50 to 150 training waited for samples, at most 1.67 times "
                         "faster without; "));
}

TEST(RunWatchTest, ANewHoldIsANewLine) {
  RunWatch watch;
  WatchWindow seen = window(50, 4);
  seen.sync_s = 1;
  seen.syncs = 250;
  EXPECT_THAT(watch.see(seen).value(),
              HasSubstr("25% of steps 50 to 100 the host waited for values of the device, 5.0 times a step; "))
      << "no bound: the device worked meanwhile";
  seen = window(100, 4);
  seen.throttled_s = 2;
  EXPECT_THAT(watch.see(seen).value(), StartsWith("throttled: 50%"));
  seen = window(150, 4);
  seen.memory_stall_s = 0.1;
  seen.major_faults = 2000;
  EXPECT_THAT(watch.see(seen).value(), StartsWith("memory-bound: 50%"));
  EXPECT_EQ(watch.see(seen), std::nullopt);
}

TEST(RunWatchTest, TheFirstStepsAndShortStretchesDoNotCount) {
  RunWatch watch;
  WatchWindow seen = window(0, 10);
  seen.loader_wait_s = 10;
  EXPECT_EQ(watch.see(seen), std::nullopt) << "the loader starts";
  seen = window(50, 0.5);
  seen.loader_wait_s = 0.5;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(watch.see(seen), std::nullopt) << "too short to tell";
  EXPECT_THAT(watch.see(seen).value(), StartsWith("input-bound: 100%"));
}

TEST(RunWatchTest, PressureIsTheRiseBetweenReadings) {
  WatchWindow seen;
  add_pressure({1'000'000'000, -1, 5}, {3'500'000'000, 7, 9}, seen);
  EXPECT_DOUBLE_EQ(seen.throttled_s.value(), 2.5);
  EXPECT_EQ(seen.memory_stall_s, std::nullopt) << "not known before";
  EXPECT_EQ(seen.major_faults, 4);
}

}  // namespace
}  // namespace hasten::diagnose
