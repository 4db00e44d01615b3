// Per stream of a device: idle time by cause as HTA names it, the length of the launch queue, time blocked by a full one.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "hasten/trace/summary.h"
#include "hasten/trace/view.h"

namespace hasten::trace {

// Work that runs in order. HTA knows a stream by its number alone; ours by device and number.
struct StreamId {
  int64_t device = -1;
  int64_t stream = -1;
  auto operator<=>(const StreamId&) const = default;
};
StreamId stream_of(const View& view, size_t place);

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

// How launches and the work they started relate (HTA: get_cuda_kernel_launch_stats; ours counts every launch call).
struct LaunchStats {
  std::vector<uint32_t> work;  // launched device events; View::partner is the launch
  int64_t host_ticks = 0, device_ticks = 0, delay_ticks = 0;
  double median_delay = 0;
  size_t shorter_than_launch = 0;  // work that took less time than its launch
  size_t graph_kernels = 0;  // started by a graph's launch
};
LaunchStats launch_stats(const View& view);
// Ticks from the end of the launch to the start of its work, at least 0.
int64_t launch_delay(const View& view, uint32_t work);

}  // namespace hasten::trace
