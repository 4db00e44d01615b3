// What this machine is, as far as training cares; for run records and `hasten doctor`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace hasten {

struct Machine {
  std::string cpu, system;
  std::string host_id;            // a hash of the machine's id, which itself should not leave the machine
  int64_t cores = 0;              // that this process may use: affinity and container limits count
  int64_t physical_cores = 0, numa_nodes = 1;
  int64_t memory_bytes = 0, available_bytes = 0;  // within the container's limit
  std::vector<std::string> features;  // avx2, avx512f, avx512_bf16, amx_bf16, ...
  double load_average = 0;        // of the last minute
  double cpu_quota = 0;           // processors' worth of time that the containers around it allow; 0: no limit
  double nominal_mhz = 0;         // of the first of its processors, without boost; 0: unknown
  std::string governor;           // of that clock; empty: unknown
  bool has(const std::string& feature) const;
};
Machine this_machine();
// The same from the files below `root`, for a process that may run on these processors.
Machine read_machine(const std::filesystem::path& root, const std::vector<int64_t>& processors);

// What held this process up that it did not do itself; totals since the machine, the group or the process began. Two
// readings make a rate. -1 where the system does not say.
struct Pressure {
  int64_t throttled_ns = -1;     // the container's share of the processors was used up
  int64_t memory_stall_ns = -1;  // all tasks waited for memory to be freed or read back
  int64_t major_faults = -1;     // pages of this process that came from the disk
};
Pressure read_pressure(const std::filesystem::path& root = "/");

}  // namespace hasten
