// Energy counters, on a powercap tree and a GPU that are made up.
#include "hasten/meter/energy.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>

#include "hasten/meter/nvml.h"

namespace hasten {
namespace {

namespace fs = std::filesystem;

class EnergyTest : public testing::Test {
 protected:
  void SetUp() override {
    ::unsetenv("CUDA_VISIBLE_DEVICES");
    folder_ = fs::temp_directory_path() / ("hasten_energy_" + std::to_string(::getpid()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  void zone(const std::string& folder, const std::string& name, long long microjoules,
            long long range = 1'000'000'000) {
    fs::create_directories(folder_ / folder);
    std::ofstream(folder_ / folder / "name") << name << "\n";
    std::ofstream(folder_ / folder / "max_energy_range_uj") << range << "\n";
    set(folder, microjoules);
  }
  void set(const std::string& folder, long long microjoules) {
    std::ofstream(folder_ / folder / "energy_uj") << microjoules << "\n";
  }
  fs::path folder_;
  std::string why_;
};

TEST_F(EnergyTest, AddsPackagesAndMemoryButNothingTwice) {
  zone("intel-rapl:0", "package-0", 100);
  zone("intel-rapl:0:0", "core", 100);
  zone("intel-rapl:0:1", "uncore", 100);
  zone("intel-rapl:0:2", "dram", 100);
  zone("intel-rapl:1", "package-1", 100);
  zone("intel-rapl:2", "psys", 100);
  zone("intel-rapl-mmio:0", "package-0", 100);
  fs::create_directories(folder_ / "intel-rapl");  // the control type itself has no counter
  auto meter = EnergyMeter::open(-1, why_, folder_);
  ASSERT_NE(meter, nullptr) << why_;
  EXPECT_EQ(why_, "");
  EXPECT_EQ(meter->source(), "RAPL package-0 + dram + package-1");
  EXPECT_EQ(meter->joules(), 0);
  for (const char* folder : {"intel-rapl:0:0", "intel-rapl:0:1", "intel-rapl:2", "intel-rapl-mmio:0"})
    set(folder, 900'000'000);
  set("intel-rapl:0", 100 + 1'000'000);
  set("intel-rapl:0:2", 100 + 200'000);
  set("intel-rapl:1", 100 + 4'000'000);
  EXPECT_DOUBLE_EQ(meter->joules(), 5.2);
}

TEST_F(EnergyTest, GoesOnWhereACounterStartsAgain) {
  zone("intel-rapl:0", "package-0", 9'000'000, 10'000'000);
  auto meter = EnergyMeter::open(-1, why_, folder_);
  ASSERT_NE(meter, nullptr) << why_;
  set("intel-rapl:0", 1'500'000);
  EXPECT_DOUBLE_EQ(meter->joules(), 2.5);
  set("intel-rapl:0", 9'500'000);
  EXPECT_DOUBLE_EQ(meter->joules(), 10.5);
  set("intel-rapl:0", 500'000);
  EXPECT_DOUBLE_EQ(meter->joules(), 11.5);
}

TEST_F(EnergyTest, SaysWhyThereIsNone) {
  EXPECT_EQ(EnergyMeter::open(-1, why_, folder_), nullptr);
  EXPECT_EQ(why_, "no RAPL counter in " + folder_.string() + " (virtual machines and containers seldom have one)");
  EXPECT_EQ(EnergyMeter::open(-1, why_, folder_ / "nowhere"), nullptr);
  EXPECT_NE(why_, "");
}

TEST_F(EnergyTest, APackageThatCannotBeReadSpoilsTheSum) {
  zone("intel-rapl:0", "package-0", 100);
  zone("intel-rapl:1", "package-1", 100);
  fs::remove(folder_ / "intel-rapl:1/energy_uj");
  EXPECT_EQ(EnergyMeter::open(-1, why_, folder_), nullptr);
  EXPECT_EQ(why_, (folder_ / "intel-rapl:1/energy_uj").string() + ": No such file or directory");
  std::ofstream(folder_ / "intel-rapl:1/energy_uj") << "never\n";
  EXPECT_EQ(EnergyMeter::open(-1, why_, folder_), nullptr);
  EXPECT_NE(why_.find("Input/output error"), std::string::npos) << why_;
}

TEST_F(EnergyTest, APermissionThatLacksIsNamedWithTheWayOut) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  zone("intel-rapl:0", "package-0", 100);
  fs::permissions(folder_ / "intel-rapl:0/energy_uj", fs::perms::none);
  EXPECT_EQ(EnergyMeter::open(-1, why_, folder_), nullptr);
  EXPECT_NE(why_.find("Permission denied; to allow it: sudo chmod a+r " + folder_.string() + "/intel-rapl:*/energy_uj"),
            std::string::npos)
      << why_;
}

// A GPU whose counter the test turns.
unsigned long long gpu_millijoules = 0;
int gpu_code = 0;
NvmlFunctions one_gpu() {
  return {.init = [] { return 0; },
          .shutdown = [] { return 0; },
          .count =
              [](unsigned* count) {
                *count = 1;
                return 0;
              },
          .device = [](unsigned index, NvmlFunctions::Device*) { return index == 0 ? 0 : 2; },
          .device_at = nullptr,
          .cuda_address = nullptr,
          .name =
              [](NvmlFunctions::Device, char* name, unsigned) {
                name[0] = 'G';
                return 0;
              },
          .energy_millijoules =
              [](NvmlFunctions::Device, unsigned long long* value) {
                *value = gpu_millijoules;
                return gpu_code;
              },
          .error_text = [](int code) { return code == 2 ? "Invalid Argument" : "Not Supported"; }};
}

TEST_F(EnergyTest, AddsTheGpu) {
  zone("intel-rapl:0", "package-0", 100);
  gpu_code = 0;
  gpu_millijoules = 5000;
  auto meter = EnergyMeter::open(0, Nvml::open(one_gpu(), why_), why_, folder_);
  ASSERT_NE(meter, nullptr);
  EXPECT_EQ(meter->source(), "RAPL package-0, NVML GPU 0");
  gpu_millijoules = 7500;
  set("intel-rapl:0", 1'000'100);
  EXPECT_DOUBLE_EQ(meter->joules(), 3.5);
  gpu_code = 3;  // a counter that fails for once keeps its last value
  EXPECT_DOUBLE_EQ(meter->joules(), 3.5);
  gpu_code = 0;
}

TEST_F(EnergyTest, AGpuWithoutACounterLeavesTheRest) {
  zone("intel-rapl:0", "package-0", 100);
  gpu_code = 3;
  auto meter = EnergyMeter::open(0, Nvml::open(one_gpu(), why_), why_, folder_);
  gpu_code = 0;
  ASSERT_NE(meter, nullptr);
  EXPECT_EQ(meter->source(), "RAPL package-0");
  EXPECT_EQ(why_, "GPU 0: Not Supported");
  EXPECT_NE(EnergyMeter::open(5, Nvml::open(one_gpu(), why_), why_, folder_), nullptr);
  EXPECT_EQ(why_, "GPU 5: Invalid Argument");
}

// Two GPUs of which CUDA sees the second one alone; their handles are their places in here.
const char* const kAddresses[] = {"0000:17:00.0", "0000:65:00.0"};
NvmlFunctions two_gpus() {
  NvmlFunctions f = one_gpu();
  f.device = [](unsigned index, NvmlFunctions::Device* device) {
    *device = const_cast<char*>(kAddresses[index]);
    return 0;
  };
  f.device_at = [](const char* address, NvmlFunctions::Device* device) {
    for (const char* each : kAddresses) {
      if (std::string(each) != address) continue;
      *device = const_cast<char*>(each);
      return 0;
    }
    return 2;
  };
  f.cuda_address = [](int number, char* text, int length) {
    if (number != 0) return 101;
    std::string(kAddresses[1]).copy(text, static_cast<size_t>(length) - 1);
    return 0;
  };
  f.name = [](NvmlFunctions::Device device, char* name, unsigned) {
    name[0] = device == kAddresses[1] ? 'B' : 'A';
    return 0;
  };
  f.energy_millijoules = [](NvmlFunctions::Device device, unsigned long long* value) {
    *value = device == kAddresses[1] ? gpu_millijoules : 0;
    return 0;
  };
  return f;
}

TEST_F(EnergyTest, MeasuresTheGpuThatCudaHas) {
  const std::shared_ptr<Nvml> nvml = Nvml::open(two_gpus(), why_);
  const std::optional<NvmlFunctions::Device> found = nvml->find(0, why_);
  ASSERT_TRUE(found.has_value()) << why_;
  EXPECT_EQ(nvml->name(*found), "B");
  EXPECT_EQ(nvml->gpu_names(), (std::vector<std::string>{"A"})) << "in NVML's order";
  gpu_millijoules = 5000;
  auto meter = EnergyMeter::open(0, nvml, why_, folder_);
  ASSERT_NE(meter, nullptr) << why_;
  gpu_millijoules = 7500;
  EXPECT_DOUBLE_EQ(meter->joules(), 2.5);
}

TEST_F(EnergyTest, AGpuThatCannotBeToldIsNotMeasured) {
  NvmlFunctions silent = two_gpus();
  silent.cuda_address = [](int, char*, int) { return 3; };
  ::setenv("CUDA_VISIBLE_DEVICES", "1", 1);
  EXPECT_EQ(EnergyMeter::open(0, Nvml::open(silent, why_), why_, folder_), nullptr);
  EXPECT_NE(why_.find("GPU 0: CUDA_VISIBLE_DEVICES is set"), std::string::npos) << why_;
  ::unsetenv("CUDA_VISIBLE_DEVICES");
  EXPECT_NE(EnergyMeter::open(0, Nvml::open(silent, why_), why_, folder_), nullptr) << "all are seen";
}

TEST(NvmlTest, NamesGpusAndRefusesOldDrivers) {
  std::string why;
  EXPECT_EQ(Nvml::open(one_gpu(), why)->gpu_names(), (std::vector<std::string>{"G"}));
  NvmlFunctions old = one_gpu();
  old.energy_millijoules = nullptr;
  EXPECT_EQ(Nvml::open(old, why), nullptr);
  EXPECT_NE(why.find("older"), std::string::npos);
  NvmlFunctions broken = one_gpu();
  broken.init = [] { return 3; };
  EXPECT_EQ(Nvml::open(broken, why), nullptr);
  EXPECT_EQ(why, "NVML does not start: Not Supported");
}

}  // namespace
}  // namespace hasten
