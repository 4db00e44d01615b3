// Conditions from made-up /proc files.
#include "hasten/diagnose/conditions.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <thread>

namespace hasten::diagnose {
namespace {

namespace fs = std::filesystem;

class ConditionsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(root_ / "proc");
    write_stat(0, 0);
    std::ofstream(root_ / "proc/loadavg") << "3.25 2 1 1/100 1\n";
  }
  void TearDown() override { fs::remove_all(root_); }

  // Every processor that this process may use has been busy and stolen for so many ticks.
  void write_stat(int64_t busy, int64_t stolen) {
    std::ofstream file(root_ / "proc/stat");
    file << "cpu  9 9 9 9 9 9 9 9 0 0\n";
    for (int i = 0; i < CPU_SETSIZE; ++i) {
      file << "cpu" << i << " " << busy << " 0 0 5000 77 0 0 " << stolen << " 0 0\n";
    }
    file << "intr 1\n";
  }
  int64_t processors() const {
    cpu_set_t set;
    CPU_ZERO(&set);
    sched_getaffinity(0, sizeof set, &set);
    return CPU_COUNT(&set);
  }

  fs::path root_ = fs::temp_directory_path() / ("hasten_conditions_" + std::to_string(getpid()));
};

TEST_F(ConditionsTest, WhatOthersUsedIsNeitherOwnNorIdle) {
  ConditionLog log(root_);
  std::this_thread::sleep_for(std::chrono::milliseconds(100));  // asleep: nothing is this process's own
  const int64_t hz = sysconf(_SC_CLK_TCK);
  write_stat(hz / 10, hz / 20);  // 100 ms busy, 50 ms stolen, on each
  log.read();
  const Conditions conditions = log.conditions();
  ASSERT_TRUE(conditions.others_cores);
  const double each = *conditions.others_cores * conditions.seconds / static_cast<double>(processors());
  EXPECT_NEAR(each, 0.15, 0.03);
  EXPECT_EQ(conditions.counted_cores, processors());
  EXPECT_NEAR(conditions.others_share(1) * conditions.seconds, each, 1e-9) << "whatever a quota allows";
  EXPECT_EQ(conditions.load_average, 3.25);
  EXPECT_FALSE(conditions.throttled_share) << "no control group";
  EXPECT_EQ(conditions.clock_mhz, 0) << "unknown";
}

TEST_F(ConditionsTest, RecordsTheContainerTheNodesAndTheClock) {
  cpu_set_t set;
  CPU_ZERO(&set);
  sched_getaffinity(0, sizeof set, &set);
  for (int i = 0, number = 0; i < CPU_SETSIZE; ++i) {
    if (!CPU_ISSET(i, &set)) continue;
    const fs::path folder = root_ / "sys/devices/system/cpu" / ("cpu" + std::to_string(i)) / "cpufreq";
    fs::create_directories(folder);
    std::ofstream(folder / "scaling_governor") << "powersave\n";
    std::ofstream(folder / "scaling_cur_freq") << (number++ == 0 ? 3'000'000 : 800'000) << "\n";
  }
  for (const char* node : {"node0", "node1"}) fs::create_directories(root_ / "sys/devices/system/node" / node);
  fs::create_directories(root_ / "proc/self");
  fs::create_directories(root_ / "sys/fs/cgroup/box");
  std::ofstream(root_ / "proc/self/cgroup") << "0::/box\n";
  std::ofstream(root_ / "sys/fs/cgroup/box/cpu.max") << "150000 100000\n";
  ConditionLog log(root_);
  const Conditions conditions = log.conditions();
  EXPECT_EQ(conditions.quota_cores, 1.5);
  EXPECT_EQ(conditions.numa_nodes, 2);
  EXPECT_EQ(conditions.governor, "powersave");
  EXPECT_EQ(conditions.clock_mhz, 3000) << "processors that idle say nothing";
}

TEST_F(ConditionsTest, WhatTheSystemDoesNotSayIsUnknown) {
  fs::remove(root_ / "proc/stat");
  ConditionLog log(root_);
  log.read();
  EXPECT_FALSE(log.conditions().others_cores);
}

TEST(ConditionLogTest, ThisMachineSaysSomething) {
  ConditionLog log;
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  log.read();
  EXPECT_GT(log.conditions().seconds, 0.015);
}

}  // namespace
}  // namespace hasten::diagnose
