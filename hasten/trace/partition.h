// Where a rank's time went: parts in integer nanoseconds that sum to the wall time, idle time by its cause.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string_view>

#include "hasten/trace/intervals.h"
#include "hasten/trace/view.h"

namespace hasten::trace {

enum class Part : uint8_t {
  kCompute,
  kExposedCommunication,  // communication that no computation hides
  kExposedCopy,           // copies that neither hides
  kUnattributed,          // device work of a kind that is none of these
  kIdleHostLate,          // nothing to run: the next work was launched after the device ran dry
  kIdleSync,              // ... because the host waited for the device before
  kIdleData,              // ... because the host waited for data before
  kIdleDependency,        // work was queued, but waited: for another stream, or for the device's own start-up
  kIdleUnknown,           // the launch of what came next is not in the file
  kCount
};
inline constexpr size_t kPartCount = static_cast<size_t>(Part::kCount);
std::string_view part_name(Part part);   // "exposed_communication"
std::string_view part_title(Part part);  // "exposed communication"

// Idle time of one cause: 16 bytes, for there are tens of millions of them. It ends where the next one before the same
// work begins, or where that work does.
struct Gap {
  int64_t begin = 0;
  uint32_t next = 0;  // the device event behind it
  Part cause = Part::kIdleUnknown;
};

struct Partition {
  bool host_only = false;  // no device in the file: the parts are of the host's threads
  int64_t begin = 0, end = 0;
  std::array<int64_t, kPartCount> ns{};
  int64_t lead_in = 0, tail = 0;  // host time of the view before the first and after the last device work; not in `ns`
  std::deque<Gap> gaps;  // every idle span of the device, by time
  Interval gap(const View& view, size_t k) const;
  int64_t wall() const { return end - begin; }
  int64_t of(Part part) const { return ns[static_cast<size_t>(part)]; }
  int64_t busy() const;
  int64_t idle() const;
};

// In the view's ticks. The window is from the start of the first device work to the end of the last (CPU-only: of host events).
// Throws InternalError if the parts did not sum to it. Not for HTA's semantics.
Partition partition_time(const View& view);

}  // namespace hasten::trace
