// Which event encloses which on a thread: parents, depths, and the tree in the order of time.
#pragma once

#include <cstdint>
#include <vector>

#include "hasten/trace/view.h"

namespace hasten::trace {

// Events of one lane as a forest. Places are of the view.
struct CallTree {
  static constexpr int32_t kRoot = -1;
  std::vector<uint32_t> places;                 // in the order of their starts
  std::vector<int32_t> parent;                  // index into places, kRoot for the top
  std::vector<std::vector<uint32_t>> children;  // indices into places; the last element's are the roots
};

// The parent is the innermost event that has started and not ended; of equal intervals the one that comes first in the
// file is the outer one. Events that outlast their parent keep it.
CallTree build_call_tree(const View& view, std::vector<uint32_t> places);

// Places of host events (not device, not device annotations, not waits) by lane, lanes ordered by process and thread:
// numbers first, by value.
std::vector<std::vector<uint32_t>> host_lanes(const View& view, const std::vector<uint32_t>& places);

// Places in the order of (lane, time, longest first): for all lanes at once.
struct HostNesting {
  std::vector<int32_t> parent;     // by place: the enclosing host event on the lane, -1: none
  std::vector<int64_t> self;       // by place: duration without that of the events directly inside
  int64_t outlasting = 0;          // events that end after the one around them
};
HostNesting nest_host_events(const View& view);

}  // namespace hasten::trace
