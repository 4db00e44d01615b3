// Per stream of a device: idle time by cause as HTA names it, the length of the launch queue, time blocked by a full one.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "hasten/trace/summary.h"
#include "hasten/trace/view.h"

namespace hasten::trace {

// Work that runs in order. HTA knows a stream by its number alone; ours by device and number. A file without these arguments
// has them as process and thread; where those are not numbers, kText plus the id of the text in the trace's table.
struct StreamId {
  static constexpr int64_t kText = INT64_MIN / 2;
  int64_t device = -1;
  int64_t stream = -1;
  auto operator<=>(const StreamId&) const = default;
};
StreamId stream_of(const View& view, size_t place);
// "stream 7"; "device 1, stream 7" of a file that has several devices.
bool on_several_devices(const View& view);
std::string stream_name(const View& view, const StreamId& id, bool several_devices);
// Either part of the id: its number, or the text that it stands for.
std::string stream_part(const View& view, int64_t part);

// Gaps between one device event and the next of its stream. HTA also sums negative gaps (events that overlap).
struct StreamIdle {
  StreamId id;
  int64_t host_wait = 0, kernel_wait = 0, other = 0;
  bool has_host_wait = false, has_kernel_wait = false, has_other = false;
  size_t events = 0;
};
// A gap below `consecutive_ticks` whose launch came in time is the device's own delay between two kernels.
// In the order in which the streams come in the file.
std::vector<StreamIdle> idle_by_stream(const View& view, int64_t consecutive_ticks);

// +1 when work is put on a stream, -1 when it starts. `place` is the launch or the device event.
struct QueuePoint {
  int64_t ts = 0;
  uint32_t place = 0;
  int32_t length = 0;
};
struct StreamQueue {
  StreamId id;
  Summary summary;
  int64_t blocked = 0;  // ticks with at least `full` entries waiting
};
// `visit` sees every point, by time (there are as many as events: nobody needs to hold them).
using QueueVisitor = std::function<void(const StreamId&, const QueuePoint&)>;
std::vector<StreamQueue> queue_lengths(const View& view, int32_t full = 1024, const QueueVisitor& visit = {});

// How launches and the work they started relate (HTA: get_cuda_kernel_launch_stats; ours counts every launch call). A graph's
// launch starts many kernels: it counts once, with the delay and the length of the first. HTA counts it for each of them.
struct LaunchStats {
  std::vector<uint32_t> work;  // launched device events; View::partner is the launch
  size_t launches = 0;  // calls that started them
  int64_t host_ticks = 0, device_ticks = 0, delay_ticks = 0;
  double median_delay = 0;
  size_t shorter_than_launch = 0;  // launches whose work took less time than they
  size_t graph_launches = 0, graph_kernels = 0;  // launches of graphs, and what they started
};
LaunchStats launch_stats(const View& view);
// Ticks from the end of the launch to the start of its work, at least 0.
int64_t launch_delay(const View& view, uint32_t work);

}  // namespace hasten::trace
