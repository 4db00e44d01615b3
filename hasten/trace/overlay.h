// The trace again, with what was found drawn into it, for Perfetto and chrome://tracing.
#pragma once

#include <filesystem>

#include "hasten/trace/critical_path.h"
#include "hasten/trace/partition.h"
#include "hasten/trace/streams.h"

namespace hasten::trace {

// Copies `trace.path` to `out` (gzip when its name ends in .gz) and adds: a process "hasten" with lines for the critical
// path and for idle time by cause, and queue lengths as counters. A list of events that is left open is closed. Needs exact
// semantics. Throws DataError.
void write_overlay(const View& view, const CriticalPath& path, const Partition& partition,
                   const std::filesystem::path& out);

}  // namespace hasten::trace
