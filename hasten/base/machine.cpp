// What the kernel says of this machine.
#include "hasten/base/machine.h"

#include <sys/resource.h>

#include <sched.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <set>
#include <sstream>
#include <utility>

#include "hasten/base/hash.h"
#include "hasten/base/text.h"

namespace hasten {
namespace {

namespace fs = std::filesystem;

// Instructions that decide how fast networks train: x86, then Arm.
constexpr auto kFeatures = std::to_array<std::string_view>(
    {"avx",      "avx2",        "fma",         "f16c",        "avx512f",  "avx512bw", "avx512dq", "avx512vl",
     "avx_vnni", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_tile", "amx_bf16", "amx_fp16", "amx_int8",
     "asimd",    "asimddp",     "asimdhp",     "bf16",        "i8mm",     "sve",      "sve2",     "sme"});

// "key : value" or "key=value" lines; the first of each key.
std::string value_of(const fs::path& path, std::string_view key, char separator) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    size_t at = line.find(separator);
    if (at == std::string::npos || trim(std::string_view(line).substr(0, at)) != key) continue;
    return std::string(trim(std::string_view(line).substr(at + 1)));
  }
  return "";
}

// The number at the beginning of a file, or -1.
int64_t number_in(const fs::path& path) {
  int64_t value = -1;
  std::ifstream file(path);
  return file >> value ? value : -1;
}

// The folders of the process' own group of `controller` ("" in version 2) and of the groups above it.
std::vector<fs::path> group_folders(const fs::path& root, const std::string& controller) {
  std::ifstream file(root / "proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    std::vector<std::string> parts = split(line, ':');
    if (parts.size() < 3) continue;
    std::vector<std::string> controllers = split(parts[1], ',');
    if (std::find(controllers.begin(), controllers.end(), controller) == controllers.end()) continue;
    const fs::path base = root / "sys/fs/cgroup" / controller;
    std::vector<fs::path> folders{base};
    for (const fs::path& part : fs::path(parts[2]).relative_path()) folders.push_back(folders.back() / part);
    return folders;
  }
  return {};
}

// Processors' worth of time that the containers around this process allow; 0: no limit.
double cpu_quota_of(const fs::path& root) {
  double least = 0;
  auto limit = [&](double quota, double period) {
    if (quota > 0 && period > 0) least = least > 0 ? std::min(least, quota / period) : quota / period;
  };
  for (const fs::path& folder : group_folders(root, "")) {
    double quota = 0, period = 0;
    std::ifstream file(folder / "cpu.max");  // "max 100000" or "150000 100000"
    if (file >> quota >> period) limit(quota, period);
  }
  for (const fs::path& folder : group_folders(root, "cpu")) {
    limit(static_cast<double>(number_in(folder / "cpu.cfs_quota_us")),
          static_cast<double>(number_in(folder / "cpu.cfs_period_us")));
  }
  return least;
}

// The clock that a processor keeps up without boost, by the kernel's cpufreq tree; 0: it does not say.
double nominal_mhz_of(const fs::path& root, int64_t processor) {
  const fs::path cpus = root / "sys/devices/system/cpu", folder = cpus / cat("cpu", processor) / "cpufreq";
  constexpr double kKhzPerMhz = 1000;
  if (const int64_t khz = number_in(folder / "base_frequency"); khz > 0) return static_cast<double>(khz) / kKhzPerMhz;
  // The largest clock is the nominal one only where there is none above it: pstate drivers count boost in.
  std::string driver;
  std::ifstream(folder / "scaling_driver") >> driver;
  if (driver.empty() || driver.find("pstate") != std::string::npos || number_in(cpus / "cpufreq/boost") == 1) return 0;
  const int64_t khz = number_in(folder / "cpuinfo_max_freq");
  return khz > 0 ? static_cast<double>(khz) / kKhzPerMhz : 0;
}

void limit_memory(const fs::path& root, Machine& machine) {
  auto limit = [&](int64_t most, int64_t used) {
    if (most < 0 || most >= machine.memory_bytes) return;  // version 1 says "no limit" by a huge number
    machine.memory_bytes = most;
    if (used >= 0) machine.available_bytes = std::min(machine.available_bytes, most - used);
  };
  for (const fs::path& folder : group_folders(root, ""))
    limit(number_in(folder / "memory.max"), number_in(folder / "memory.current"));
  for (const fs::path& folder : group_folders(root, "memory")) {
    limit(number_in(folder / "memory.limit_in_bytes"), number_in(folder / "memory.usage_in_bytes"));
  }
}

// "throttled_usec 1200" of a file with one such line a value.
int64_t keyed_number(const fs::path& path, const std::string& key) {
  std::ifstream file(path);
  std::string word;
  for (int64_t value = 0; file >> word >> value;) {
    if (word == key) return value;
  }
  return -1;
}

// Of "full avg10=0.00 avg60=0.00 avg300=0.00 total=8204": microseconds.
int64_t stall_total(const fs::path& path) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const size_t at = line.find("total=");
    if (line.rfind("full", 0) == 0 && at != std::string::npos) return std::atoll(line.c_str() + at + 6);
  }
  return -1;
}

int64_t meminfo_bytes(const fs::path& root, std::string_view key) {
  std::istringstream value(value_of(root / "proc/meminfo", key, ':'));
  int64_t kilobytes = 0;
  value >> kilobytes;
  return kilobytes * 1024;
}

int64_t physical_cores_of(const fs::path& root, const std::vector<int64_t>& processors) {
  std::set<std::pair<int64_t, int64_t>> cores;
  for (int64_t processor : processors) {
    const fs::path topology = root / cat("sys/devices/system/cpu/cpu", processor, "/topology");
    const int64_t core = number_in(topology / "core_id");
    if (core >= 0) cores.emplace(number_in(topology / "physical_package_id"), core);
  }
  return cores.empty() ? static_cast<int64_t>(processors.size()) : static_cast<int64_t>(cores.size());
}

int64_t numa_nodes_of(const fs::path& root) {
  int64_t nodes = 0;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(root / "sys/devices/system/node", error)) {
    const std::string name = entry.path().filename().string();
    if (name.size() > 4 && name.starts_with("node") && std::isdigit(static_cast<unsigned char>(name[4])) != 0) ++nodes;
  }
  return std::max<int64_t>(nodes, 1);
}

std::string cpu_name(const fs::path& root, const utsname& kernel) {
  const fs::path file = root / "proc/cpuinfo";
  std::string name = value_of(file, "model name", ':');
  if (name.empty()) name = value_of(file, "Model", ':');  // Arm boards
  if (!name.empty()) return name;
  const std::string implementer = value_of(file, "CPU implementer", ':'), part = value_of(file, "CPU part", ':');
  if (implementer.empty()) return kernel.machine;
  return cat(kernel.machine, " implementer ", implementer, " part ", part);
}

std::string host_of(const fs::path& root, const utsname& kernel) {
  std::string id;
  std::ifstream(root / "etc/machine-id") >> id;
  return hex(hash64("hasten host " + (id.empty() ? std::string(kernel.nodename) : id)));
}

}  // namespace

bool Machine::has(const std::string& feature) const {
  return std::find(features.begin(), features.end(), feature) != features.end();
}

Machine read_machine(const fs::path& root, const std::vector<int64_t>& processors) {
  utsname kernel{};
  uname(&kernel);
  Machine machine;
  machine.cpu = cpu_name(root, kernel);
  machine.host_id = host_of(root, kernel);
  std::string distribution = value_of(root / "etc/os-release", "PRETTY_NAME", '=');
  std::erase(distribution, '"');
  machine.system =
      cat(distribution, distribution.empty() ? "" : ", ", kernel.sysname, ' ', kernel.release, ' ', kernel.machine);
  machine.cores = static_cast<int64_t>(processors.size());
  machine.cpu_quota = cpu_quota_of(root);
  if (machine.cpu_quota > 0)
    machine.cores = std::min(machine.cores, std::max<int64_t>(1, static_cast<int64_t>(machine.cpu_quota + 0.5)));
  if (!processors.empty()) {
    const std::string first = cat("sys/devices/system/cpu/cpu", processors.front(), "/cpufreq/scaling_governor");
    std::ifstream(root / first) >> machine.governor;
    machine.nominal_mhz = nominal_mhz_of(root, processors.front());
  }
  machine.physical_cores = physical_cores_of(root, processors);
  machine.numa_nodes = numa_nodes_of(root);
  machine.memory_bytes = meminfo_bytes(root, "MemTotal");
  machine.available_bytes = meminfo_bytes(root, "MemAvailable");
  limit_memory(root, machine);
  std::string flags = value_of(root / "proc/cpuinfo", "flags", ':');
  if (flags.empty()) flags = value_of(root / "proc/cpuinfo", "Features", ':');
  const std::vector<std::string> all = split(flags, ' ');
  for (std::string_view feature : kFeatures) {
    if (std::find(all.begin(), all.end(), feature) != all.end()) machine.features.emplace_back(feature);
  }
  std::ifstream(root / "proc/loadavg") >> machine.load_average;
  return machine;
}

Machine this_machine() {
  constexpr int kMost = 8192;  // processors; a fixed cpu_set_t ends at 1024
  cpu_set_t* set = CPU_ALLOC(kMost);
  const size_t bytes = CPU_ALLOC_SIZE(kMost);
  std::vector<int64_t> processors;
  if (sched_getaffinity(0, bytes, set) == 0) {
    for (int i = 0; i < kMost; ++i) {
      if (CPU_ISSET_S(static_cast<size_t>(i), bytes, set)) processors.push_back(i);
    }
  }
  CPU_FREE(set);
  if (processors.empty()) {
    for (int64_t i = 0; i < std::max<int64_t>(1, sysconf(_SC_NPROCESSORS_ONLN)); ++i) processors.push_back(i);
  }
  return read_machine("/", processors);
}

Pressure read_pressure(const fs::path& root) {
  constexpr int64_t kNsPerUs = 1000;
  Pressure pressure;
  // The group that is held up most counts; those above it share its time.
  const auto most = [](int64_t& total, int64_t value) { total = std::max(total, value); };
  for (const fs::path& folder : group_folders(root, "")) {
    if (const int64_t us = keyed_number(folder / "cpu.stat", "throttled_usec"); us >= 0)
      most(pressure.throttled_ns, us * kNsPerUs);
    if (const int64_t us = stall_total(folder / "memory.pressure"); us >= 0)
      most(pressure.memory_stall_ns, us * kNsPerUs);
  }
  for (const fs::path& folder : group_folders(root, "cpu"))
    most(pressure.throttled_ns, keyed_number(folder / "cpu.stat", "throttled_time"));
  if (const int64_t us = stall_total(root / "proc/pressure/memory"); pressure.memory_stall_ns < 0 && us >= 0)
    pressure.memory_stall_ns = us * kNsPerUs;
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) == 0) pressure.major_faults = usage.ru_majflt;
  return pressure;
}

}  // namespace hasten
