// How waits between streams tie launches together, and the longest path of a graph. Only for the critical path.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "hasten/trace/path_graph.h"

namespace hasten::trace {

// For waits on events: the launch that was recorded last before the event was, and the launch that has to wait.
class PathLinks {
 public:
  explicit PathLinks(const View& view);

  // For a wait (a device row): the last launch on the recorded stream before the record it waits for; -1: none.
  int32_t launch_before_record(size_t wait) const;
  // For a cudaStreamWaitEvent (a host row): the next launch of its thread on its stream; -1: none.
  int32_t launch_after_wait(int32_t call) const;

  // Calls whose time is the device's, in HTA's list.
  static bool waits_for_device(std::string_view name);

 private:
  const View& view_;
  std::unordered_map<int64_t, int32_t> before_record_;  // by the record's correlation
  std::unordered_map<int32_t, int32_t> after_wait_;     // by the call
};

// Fills graph.path. Ties are broken as networkx breaks them: the predecessor whose edge came first, the end that comes
// first in a topological order by generations. Throws DataError when there is a cycle.
void longest_path(PathGraph& graph);

}  // namespace hasten::trace
