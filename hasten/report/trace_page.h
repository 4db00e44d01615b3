// A trace analysis as one self-contained HTML page with a timeline to zoom and pan. Opens offline.
#pragma once

#include <string>
#include <vector>

#include "hasten/diagnose/trace_verdict.h"
#include "hasten/trace/analysis.h"

namespace hasten::report {

struct TracePageOptions {
  std::string title = "Trace";
  std::string command;              // what made this page
  size_t most_spans = 200'000;  // of the timeline, over all ranks; the shortest are merged beyond that, and it is said
};

// Nothing from a trace can become markup or script.
std::string trace_page(const trace::Analysis& analysis, const diagnose::TraceVerdict& verdict,
                       const std::vector<std::string>& methods, const TracePageOptions& options = {});

}  // namespace hasten::report
