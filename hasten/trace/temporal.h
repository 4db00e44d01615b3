// Where the time of a rank's device went: HTA's three numbers, and a partition whose parts sum to the wall time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hasten/trace/intervals.h"
#include "hasten/trace/view.h"

namespace hasten::trace {

// HTA's temporal breakdown, in ticks: kernel_time = idle + compute + non_compute.
struct Temporal {
  int64_t idle = 0, compute = 0, non_compute = 0, kernel_time = 0;
  int64_t communication = 0, memory = 0;             // unions of their own, overlap included
  std::optional<double> overlap_percent;             // of communication hidden under computation
  size_t device_events = 0;
};
// Nothing when no device work is in the view (CPU-only traces).
std::optional<Temporal> temporal_breakdown(const View& view);

// Device time by kernel type, with "A overlapping B" rows, as HTA's get_gpu_kernel_breakdown counts it.
struct TypeShare {
  std::string name;
  int64_t ticks = 0;
  double percent = 0;
};
std::vector<TypeShare> kernel_type_shares(const View& view);

}  // namespace hasten::trace
