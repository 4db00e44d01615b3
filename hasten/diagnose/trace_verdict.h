// One verdict on a trace: what holds the training back, by how much, and what it would give to be rid of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hasten/diagnose/limit.h"
#include "hasten/trace/partition.h"

namespace hasten::diagnose {

struct Share {
  Limit what;
  int64_t ticks = 0;  // of the partition: nanoseconds, or picoseconds with TraceLens's semantics
  double share = 0;  // of the wall time
};

struct TraceVerdict {
  bool decided = false;
  std::string refusal;             // why not: "span too short", "margin too small", ...
  Limit what = Limit::kOther;
  double margin = 0;               // its share minus the next one's
  double s_max = 1;                // wall / (wall - its time): if it cost nothing and nothing else changed
  std::vector<Share> shares;       // the largest first; with the unattributed they sum to 1
  std::vector<std::string> evidence;
  std::vector<Bottleneck> bottlenecks;  // what methods that relieve it declare
  std::vector<std::string> advice;      // settings and changes that are not methods
};

struct VerdictOptions {
  double shortest_ns = 1e6, ns_per_tick = 1;
  double least_share = 0.3, least_margin = 0.1;
};

TraceVerdict judge(const trace::Partition& partition, const VerdictOptions& options = {});

}  // namespace hasten::diagnose
