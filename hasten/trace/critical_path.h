// The chain of host and device work that decided when the window ended: segments that cover it without gap or overlap.
#pragma once

#include <array>
#include <cstdint>
#include <deque>  // millions of segments: growing must not copy them
#include <string_view>

#include "hasten/trace/view.h"

namespace hasten::trace {

enum class PathKind : uint8_t {
  kHost,           // operators, runtime calls and Python on a thread
  kSynchronize,    // a blocking call that no device work explains
  kData,           // the host waits for data
  kLaunch,         // from the end of a launch call to the start of its work
  kCompute,
  kCommunication,
  kCopy,
  kOtherDevice,
  kDeviceGap,      // between two device events that follow each other
  kUnexplained,    // nothing in the file says what happened
  kCount
};
inline constexpr size_t kPathKindCount = static_cast<size_t>(PathKind::kCount);
std::string_view path_kind_name(PathKind kind);

// It ends where the next one begins.
struct PathSegment {
  int64_t begin = 0;
  int32_t place = -1;  // the event, -1: none
  PathKind kind = PathKind::kUnexplained;
};

struct CriticalPath {
  int64_t begin = 0, end = 0;
  std::deque<PathSegment> segments;               // by time; together they are [begin, end]
  std::array<int64_t, kPathKindCount> ticks{};    // sum to end - begin
  int64_t end_of(size_t segment) const { return segment + 1 < segments.size() ? segments[segment + 1].begin : end; }
  int64_t of(PathKind kind) const { return ticks[static_cast<size_t>(kind)]; }
};

// Walks back from the end of [begin, end]: from device work to what it waited for (the work before it on its stream, or
// its launch), from a blocking call to the device work that ended it, else along the thread.
CriticalPath critical_path(const View& view, int64_t begin, int64_t end);
CriticalPath critical_path(const View& view);  // of the whole view

}  // namespace hasten::trace
