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
  bool has(const std::string& feature) const;
};
Machine this_machine();
// The same from the files below `root`, for a process that may run on these processors.
Machine read_machine(const std::filesystem::path& root, const std::vector<int64_t>& processors);

}  // namespace hasten
