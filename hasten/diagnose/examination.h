// All that a diagnosis of a recipe found: what reports show and what --json holds.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hasten/diagnose/advice.h"

namespace hasten::diagnose {

// A step among the limits of the device.
struct RooflinePoint {
  double flops = 0, bytes = 0, seconds = 0;                   // of one resident step; bytes: at least
  double peak_flops_per_s = 0, peak_bytes_per_s = 0;  // measured here
  double intensity() const { return bytes > 0 ? flops / bytes : 0; }  // FLOP a byte
  double ridge() const { return peak_bytes_per_s > 0 ? peak_flops_per_s / peak_bytes_per_s : 0; }
  double reached() const { return seconds > 0 && peak_flops_per_s > 0 ? flops / seconds / peak_flops_per_s : 0; }
};

struct MemoryHeadroom {
  std::string of;  // "this machine", "NVIDIA H100"
  double used_bytes = 0, total_bytes = 0;
  std::string batch;  // "256 fits", "256 does not fit"
};

struct PartEnergy {
  std::string part;
  double joules = 0;  // a step
};

struct Examination {
  std::string command;
  Measurements measurements;
  Diagnosis diagnosis;
  Advice advice;
  std::vector<Realised> realised;  // with --apply
  std::optional<RooflinePoint> roofline;
  MemoryHeadroom memory;
  std::vector<PartEnergy> energy;   // of R0: what R1 takes of it, and the rest; both by the counters
  std::string energy_source;        // which counters
  std::string energy_unavailable;   // what has none, and why
  std::vector<std::string> notes;   // what was left out of the recipe, and the like
};

}  // namespace hasten::diagnose
