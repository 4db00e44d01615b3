// Where a rank's time went: parts in integer nanoseconds that sum to the wall time, idle time by its cause.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "hasten/trace/intervals.h"
#include "hasten/trace/view.h"

namespace hasten::trace {

enum class Part : uint8_t {
  kCompute,
  kExposedCommunication,  // communication that no computation hides
  kExposedCopy,           // copies that neither hides
  kUnattributed,          // device work of a kind that is none of these
  kIdleHostLate,          // nothing to run: the next work was launched after the device ran dry
  kIdleSync,              // ... because the host waited for the device, then or when it ran dry
  kIdleData,              // ... because the host waited for data before
  kIdleDependency,        // work was queued, but waited: for another stream, or for the device's own start-up
  kIdleUnknown,           // the launch of what came next is not in the file
  kCount
};
inline constexpr size_t kPartCount = static_cast<size_t>(Part::kCount);
std::string_view part_name(Part part);   // "exposed_communication"
std::string_view part_title(Part part);  // "exposed communication"

// Idle time of one cause: 16 bytes, for there are tens of millions of them. It ends where the next one before the same
// work begins, or where that work does; without more work for its device, with the window.
struct Gap {
  static constexpr uint32_t kNothing = UINT32_MAX;

  int64_t begin = 0;
  uint32_t next = 0;  // the device event behind it, or kNothing
  Part cause = Part::kIdleUnknown;
};

// A device of the file. Its gaps are those from `first_gap` to the next device's.
struct PartitionDevice {
  int64_t number = -1;  // as in StreamId; -1: all together
  size_t first_gap = 0;
};

struct Partition {
  bool host_only = false;  // no device in the file: the parts are of the host's threads
  int64_t begin = 0, end = 0;  // of the window, which all devices of the file share
  std::array<int64_t, kPartCount> ns{};
  int64_t lead_in = 0, tail = 0;  // host time of the view before the first and after the last device work; not in `ns`
  std::vector<PartitionDevice> devices;  // by number; none: no device in the file. With TraceLens's semantics one
  std::deque<Gap> gaps;  // every idle span of a device: device by device, by time
  Interval gap(const View& view, size_t k) const;
  size_t gaps_end(size_t device) const {
    return device + 1 < devices.size() ? devices[device + 1].first_gap : gaps.size();
  }
  // What the parts sum to: the window, once for each device.
  int64_t wall() const { return (end - begin) * static_cast<int64_t>(devices.size() > 1 ? devices.size() : 1); }
  int64_t of(Part part) const { return ns[static_cast<size_t>(part)]; }
  int64_t busy() const;
  int64_t idle() const;
};

// "device idle", with its number where there are several: the name of a timeline's line.
std::string idle_label(const View& view, const Partition& partition, size_t device);

// In the view's ticks. The window is from the start of the first device work to the end of the last (CPU-only: of host events).
// Each device of the file is divided by itself, so that none hides another's idle time.
// Throws InternalError if the parts did not sum to it. Not for HTA's semantics.
Partition partition_time(const View& view);

}  // namespace hasten::trace
