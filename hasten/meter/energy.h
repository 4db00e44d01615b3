// Energy from a hardware counter, or nothing: never guessed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace hasten {

class Nvml;

class EnergyMeter {
 public:
  // All counters that can be read: NVML of the GPU that CUDA has under the number `gpu`, if it is not negative, and
  // RAPL of processors and memory below `powercap` (the kernel's powercap tree). nullptr if there is none; `why` says
  // what is missing, also when something else was found.
  static std::unique_ptr<EnergyMeter> open(int gpu, std::string& why,
                                           const std::filesystem::path& powercap = "/sys/class/powercap");
  static std::unique_ptr<EnergyMeter> open(int gpu, std::shared_ptr<Nvml> nvml, std::string& why,
                                           const std::filesystem::path& powercap);
  virtual ~EnergyMeter() = default;
  // Since open(). To be asked every few minutes at least: RAPL counters go round, and one round is noticed.
  virtual double joules() = 0;
  virtual std::string source() const = 0;  // "RAPL package-0 + dram, NVML GPU 0"
};

}  // namespace hasten
