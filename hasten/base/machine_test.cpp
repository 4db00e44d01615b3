// The machine, read from made-up kernel files: an ordinary host, containers with limits, an Arm board.
#include "hasten/base/machine.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace hasten {
namespace {

namespace fs = std::filesystem;

class MachineTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::temp_directory_path() / ("hasten_machine_" + std::to_string(::getpid()));
    fs::remove_all(root_);
    file(
        "proc/cpuinfo",
        "processor\t: 0\nmodel name\t: Some CPU @ 2.0GHz\nflags\t\t: fpu avx avx2 fma avx512f avx512_bf16 amx_bf16x\n\n"
        "processor\t: 1\nmodel name\t: Other\n");
    file("proc/meminfo", "MemTotal:       16000000 kB\nMemFree:         100 kB\nMemAvailable:    8000000 kB\n");
    file("proc/loadavg", "1.25 0.5 0.1 1/100 77\n");
    file("etc/machine-id", "0123456789abcdef0123456789abcdef\n");
    file("etc/os-release", "ID=debian\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n");
    for (int cpu = 0; cpu < 4; ++cpu) {
      std::string topology = "sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/";
      file(topology + "core_id", std::to_string(cpu % 2) + "\n");
      file(topology + "physical_package_id", "0\n");
    }
    file("sys/devices/system/node/node0/cpulist", "0-1\n");
    file("sys/devices/system/node/node1/cpulist", "2-3\n");
    file("sys/devices/system/node/online", "0-1\n");
  }
  void TearDown() override { fs::remove_all(root_); }
  void file(const fs::path& path, const std::string& content) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << content;
  }
  Machine read() const { return read_machine(root_, {0, 1, 2, 3}); }
  fs::path root_;
};

TEST_F(MachineTest, ReadsAnOrdinaryHost) {
  Machine machine = read();
  EXPECT_EQ(machine.cpu, "Some CPU @ 2.0GHz");
  EXPECT_EQ(machine.cores, 4);
  EXPECT_EQ(machine.physical_cores, 2) << "two threads a core";
  EXPECT_EQ(machine.numa_nodes, 2);
  EXPECT_EQ(machine.memory_bytes, 16'384'000'000);
  EXPECT_EQ(machine.available_bytes, 8'192'000'000);
  EXPECT_EQ(machine.load_average, 1.25);
  EXPECT_EQ(machine.features, (std::vector<std::string>{"avx", "avx2", "fma", "avx512f", "avx512_bf16"}));
  EXPECT_TRUE(machine.has("avx512_bf16"));
  EXPECT_FALSE(machine.has("amx_bf16"));
  EXPECT_TRUE(machine.system.starts_with("Debian GNU/Linux 12 (bookworm), Linux ")) << machine.system;
  EXPECT_EQ(read_machine(root_, {1, 3}).physical_cores, 1);
  EXPECT_EQ(read_machine(root_, {1}).cores, 1);
}

TEST_F(MachineTest, TheNominalClockIsTheOneWithoutBoost) {
  EXPECT_EQ(read().nominal_mhz, 0) << "unknown";
  EXPECT_EQ(read().governor, "");
  const std::string folder = "sys/devices/system/cpu/cpu0/cpufreq/";
  file(folder + "scaling_governor", "powersave\n");
  file(folder + "scaling_driver", "intel_pstate\n");
  file(folder + "cpuinfo_max_freq", "4900000\n");
  EXPECT_EQ(read().governor, "powersave");
  EXPECT_EQ(read().nominal_mhz, 0) << "that is with boost";
  file(folder + "base_frequency", "2600000\n");
  EXPECT_EQ(read().nominal_mhz, 2600);
  EXPECT_EQ(read_machine(root_, {1}).nominal_mhz, 0) << "of its own processors";
  fs::remove(root_ / folder / "base_frequency");
  file(folder + "scaling_driver", "cppc_cpufreq\n");
  file(folder + "cpuinfo_max_freq", "3000000\n");
  EXPECT_EQ(read().nominal_mhz, 3000);
  file("sys/devices/system/cpu/cpufreq/boost", "1\n");
  EXPECT_EQ(read().nominal_mhz, 0);
}

TEST_F(MachineTest, TheHostIdDoesNotGiveTheMachineIdAway) {
  std::string id = read().host_id;
  EXPECT_EQ(id.size(), 16u);
  EXPECT_EQ(std::string("0123456789abcdef0123456789abcdef").find(id), std::string::npos);
  EXPECT_EQ(read().host_id, id);
  file("etc/machine-id", "0123456789abcdef0123456789abcdee\n");
  EXPECT_NE(read().host_id, id);
}

TEST_F(MachineTest, ContainersLimitCoresAndMemory) {
  file("proc/self/cgroup", "0::/outer/inner\n");
  file("sys/fs/cgroup/outer/cpu.max", "150000 100000\n");
  file("sys/fs/cgroup/outer/inner/cpu.max", "max 100000\n");
  file("sys/fs/cgroup/outer/memory.max", "max\n");
  file("sys/fs/cgroup/outer/inner/memory.max", "4000000000\n");
  file("sys/fs/cgroup/outer/inner/memory.current", "1000000000\n");
  Machine machine = read();
  EXPECT_EQ(machine.cores, 2);
  EXPECT_EQ(machine.cpu_quota, 1.5);
  EXPECT_EQ(machine.memory_bytes, 4'000'000'000);
  EXPECT_EQ(machine.available_bytes, 3'000'000'000);
}

TEST_F(MachineTest, AndSoTheyDidInTheFirstVersion) {
  file("proc/self/cgroup", "4:memory:/box\n1:cpu,cpuacct:/box\n0::/\n");
  file("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  file("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  file("sys/fs/cgroup/cpu/box/cpu.cfs_quota_us", "100000\n");
  file("sys/fs/cgroup/cpu/box/cpu.cfs_period_us", "100000\n");
  file("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  file("sys/fs/cgroup/memory/box/memory.limit_in_bytes", "5000000000\n");
  file("sys/fs/cgroup/memory/box/memory.usage_in_bytes", "500000000\n");
  Machine machine = read();
  EXPECT_EQ(machine.cores, 1);
  EXPECT_EQ(machine.memory_bytes, 5'000'000'000);
  EXPECT_EQ(machine.available_bytes, 4'500'000'000);
}

TEST_F(MachineTest, ArmSaysItsFeaturesElsewhere) {
  file("proc/cpuinfo",
       "processor\t: 0\nFeatures\t: fp asimd bf16 i8mm sve\nCPU implementer\t: 0x41\nCPU part\t: 0xd40\n");
  Machine machine = read();
  EXPECT_NE(machine.cpu.find("implementer 0x41 part 0xd40"), std::string::npos) << machine.cpu;
  EXPECT_EQ(machine.features, (std::vector<std::string>{"asimd", "bf16", "i8mm", "sve"}));
}

TEST(ThisMachineTest, IsFound) {
  Machine machine = this_machine();
  EXPECT_FALSE(machine.cpu.empty());
  EXPECT_GE(machine.cores, 1);
  EXPECT_GE(machine.physical_cores, 1);
  EXPECT_GT(machine.memory_bytes, int64_t{1} << 28);
  EXPECT_GT(machine.available_bytes, 0);
  EXPECT_LE(machine.available_bytes, machine.memory_bytes);
}

TEST_F(MachineTest, PressureIsThatOfTheContainerWhichIsHeldUpMost) {
  EXPECT_EQ(read_pressure(root_).throttled_ns, -1);
  EXPECT_EQ(read_pressure(root_).memory_stall_ns, -1);
  file("proc/pressure/memory", "some avg10=0.00 total=9\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=7\n");
  EXPECT_EQ(read_pressure(root_).memory_stall_ns, 7'000) << "of the machine, where no container says";
  file("proc/self/cgroup", "0::/a/b\n");
  file("sys/fs/cgroup/a/cpu.stat", "usage_usec 5\nnr_throttled 3\nthrottled_usec 1200\n");
  file("sys/fs/cgroup/a/b/cpu.stat", "usage_usec 5\nnr_throttled 3\nthrottled_usec 300\n");
  file("sys/fs/cgroup/a/b/memory.pressure", "some avg10=0.00 total=100\nfull avg10=1.50 total=42\n");
  const Pressure pressure = read_pressure(root_);
  EXPECT_EQ(pressure.throttled_ns, 1'200'000);
  EXPECT_EQ(pressure.memory_stall_ns, 42'000);
  EXPECT_GE(pressure.major_faults, 0);
  file("proc/self/cgroup", "4:cpu,cpuacct:/c\n");
  file("sys/fs/cgroup/cpu/c/cpu.stat", "nr_periods 1\nnr_throttled 1\nthrottled_time 77\n");
  EXPECT_EQ(read_pressure(root_).throttled_ns, 77) << "version 1";
}

}  // namespace
}  // namespace hasten
