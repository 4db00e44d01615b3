// Memory over time.
#include "hasten/trace/memory_timeline.h"

#include <algorithm>
#include <map>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/trace/source.h"

namespace hasten::trace {

std::vector<DeviceMemory> memory_of(const Trace& trace) {
  std::map<std::pair<int32_t, int32_t>, DeviceMemory> devices;
  for (const MemoryEvent& event : trace.memory) {
    DeviceMemory& device = devices[{event.device_type, event.device_id}];
    device.device_type = event.device_type;
    device.device_id = event.device_id;
    device.points.push_back({event.ts_ns, event.allocated, event.reserved});
    (event.bytes >= 0 ? device.allocations : device.frees) += 1;
  }
  std::vector<DeviceMemory> list;
  for (auto& [key, device] : devices) {
    std::stable_sort(device.points.begin(), device.points.end(),
                     [](const MemoryPoint& a, const MemoryPoint& b) { return a.ts_ns < b.ts_ns; });
    for (const MemoryPoint& point : device.points) {
      if (point.allocated > device.peak_allocated) {
        device.peak_allocated = point.allocated;
        device.peak_at_ns = point.ts_ns;
      }
      device.peak_reserved = std::max(device.peak_reserved, point.reserved);
    }
    list.push_back(std::move(device));
  }
  return list;
}

const std::array<const char*, MemoryTimeline::kCategories>& memory_category_names() {
  static constexpr std::array<const char*, MemoryTimeline::kCategories> kNames = {
      "parameter", "optimizer state", "input", "temporary", "activation", "gradient", "autograd", "unknown"};
  return kNames;
}

MemoryTimeline read_memory_timeline(const std::filesystem::path& path) {
  ByteSource source(path);
  std::string text;
  for (std::string_view block = source.next(); !block.empty(); block = source.next()) text += block;
  Json list = parse_json(text, path);
  if (!list.is_array()) throw DataError(path.string(), "", "not a raw memory timeline: expected a list");
  MemoryTimeline timeline;
  int64_t first = -1;
  int64_t record = 0;
  for (const Json& entry : list) {
    ++record;
    bool good = entry.is_array() && entry.size() == 4 && entry[0].is_number() && entry[2].is_number() &&
                entry[3].is_number_integer();
    int64_t category = good ? entry[3].get<int64_t>() : -1;
    if (!good || category < 0 || category >= static_cast<int64_t>(MemoryTimeline::kCategories)) {
      throw DataError(path.string(), cat("record ", record), "expected [time, action, bytes, category 0 to 7]");
    }
    auto time = entry[0].get<int64_t>();
    if (first == -1 || (time < first && time > 0)) first = time;
    if (timeline.times.empty() || timeline.times.back() != time) {
      timeline.times.push_back(time);
      timeline.sizes.push_back(timeline.sizes.empty() ? std::array<double, MemoryTimeline::kCategories>{}
                                                      : timeline.sizes.back());
    }
    timeline.sizes.back()[static_cast<size_t>(category)] += entry[2].get<double>();
  }
  for (int64_t& time : timeline.times) time = time < 0 ? first : time;  // what was there before counts from the start
  return timeline;
}

}  // namespace hasten::trace
