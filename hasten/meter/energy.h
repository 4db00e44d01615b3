// Energy from a hardware counter, or nothing: never guessed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace hasten {

class EnergyMeter {
 public:
  // The first counter that can be read: NVML of the GPU with the index, if `gpu` is not negative, plus RAPL packages
  // under `powercap` (the kernel's powercap tree). nullptr if there is none, with the reason in `why`.
  static std::unique_ptr<EnergyMeter> open(int gpu, std::string& why,
                                           const std::filesystem::path& powercap = "/sys/class/powercap");
  virtual ~EnergyMeter() = default;
  virtual double joules() = 0;               // since open(); wrap-around of the counters is taken care of
  virtual std::string source() const = 0;    // "RAPL package-0", "NVML GPU 0"
};

}  // namespace hasten
