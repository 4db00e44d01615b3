// NVIDIA's management library, if this machine has it: found when the program runs, never linked.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hasten {

// What is used of the library; a table, so that tests can stand in for a GPU. Returned numbers are NVML's codes,
// 0 for success.
struct NvmlFunctions {
  using Device = void*;
  int (*init)() = nullptr;
  int (*shutdown)() = nullptr;
  int (*count)(unsigned*) = nullptr;
  int (*device)(unsigned, Device*) = nullptr;
  int (*device_at)(const char* address, Device*) = nullptr;
  int (*cuda_address)(int number, char*, int length) = nullptr;  // of CUDA's driver; 0 for success, too
  int (*name)(Device, char*, unsigned) = nullptr;
  int (*energy_millijoules)(Device, unsigned long long*) = nullptr;
  const char* (*error_text)(int) = nullptr;
};

class Nvml {
 public:
  // nullptr, with the reason in `why`, if there is no library, driver or device.
  static std::shared_ptr<Nvml> open(std::string& why);
  static std::shared_ptr<Nvml> open(const NvmlFunctions& functions, std::string& why);
  ~Nvml();
  Nvml(const Nvml&) = delete;
  Nvml& operator=(const Nvml&) = delete;

  std::vector<std::string> gpu_names() const;  // of all GPUs, in NVML's order
  // The GPU that CUDA has under `number`, or the reason why that is not known. CUDA counts what CUDA_VISIBLE_DEVICES
  // leaves, the fastest first; NVML counts everything by its address on the bus.
  std::optional<NvmlFunctions::Device> find(int number, std::string& why) const;
  std::string name(NvmlFunctions::Device device) const;  // "unknown" if the GPU does not tell
  // Energy since the driver was loaded, or the reason why the GPU does not tell.
  std::optional<double> joules(NvmlFunctions::Device device, std::string& why) const;

 private:
  explicit Nvml(const NvmlFunctions& functions) : functions_(functions) {}
  NvmlFunctions functions_;
};

}  // namespace hasten
