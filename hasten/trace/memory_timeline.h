// Memory over time: from the allocator's events of a trace, and from torch.profiler's raw memory timeline.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "hasten/trace/trace.h"

namespace hasten::trace {

struct MemoryPoint {
  int64_t ts_ns = 0, allocated = 0, reserved = 0;
};
struct DeviceMemory {
  int32_t device_type = -1, device_id = -1;
  std::vector<MemoryPoint> points;  // as recorded, by time
  int64_t peak_allocated = 0, peak_reserved = 0, peak_at_ns = 0;
  int64_t allocations = 0, frees = 0;
};
std::vector<DeviceMemory> memory_of(const Trace& trace);

// export_memory_timeline("x.raw.json.gz"): a list of [time, action, bytes, category], action 0 already there, 1 create,
// 2 a new version, 3 destroy; category -1..: unknown, parameter, optimizer state, input, temporary, activation, gradient,
// autograd detail.
struct MemoryTimeline {
  static constexpr size_t kCategories = 8;
  std::vector<int64_t> times;
  std::vector<std::array<double, kCategories>> sizes;  // bytes; columns as named below
};
const std::array<const char*, MemoryTimeline::kCategories>& memory_category_names();
// Throws DataError when the file is something else.
MemoryTimeline read_memory_timeline(const std::filesystem::path& path);

}  // namespace hasten::trace
