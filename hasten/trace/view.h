// The part of a trace that an analysis looks at, and how it reads times: exact, as HTA does, or as TraceLens does.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hasten/trace/kernel_type.h"
#include "hasten/trace/trace.h"

namespace hasten::trace {

// exact: integer nanoseconds, waits are not work. hta: HolisticTraceAnalysis's rows, rounding and type rules, in
// microseconds. tracelens: every device event of the file, copies by category, no step is left out.
enum class Semantics : uint8_t { kExact, kHta, kTraceLens };
Semantics parse_semantics(std::string_view text);  // throws ConfigError
std::string_view semantics_name(Semantics semantics);

struct ViewOptions {
  Semantics semantics = Semantics::kExact;
  bool include_last_step = false;  // the last ProfilerStep is cut off by the profiler's end: left out unless asked for
  bool drop_unlinked = false;  // leave out device work that no host operator of the file launched (TraceLens's default)
};

// A profiler step: "ProfilerStep#12" on the host.
struct Step {
  int64_t number = 0, ts = 0, dur = 0;
};

// Rows in the file's order. Times are ticks: nanoseconds; microseconds with kHta, picoseconds with kTraceLens.
struct View {
  static constexpr int32_t kUncorrelated = -1, kPartnerMissing = -2;

  const Trace* trace = nullptr;
  ViewOptions options;
  int64_t tick_ns = 1;  // length of a tick; 0 with kTraceLens, whose ticks are picoseconds since the first event
  std::vector<uint32_t> rows;  // of the trace
  std::vector<int64_t> ts, dur;
  std::vector<int32_t> partner;  // the launch of a device event, the last device event of a launch: a place in the view
  std::vector<int32_t> step;  // number of the profiler step, -1: none
  std::vector<uint8_t> device;  // 1: device work (with kHta also waits: every row on a stream)
  std::vector<KernelType> type;  // of device work
  std::vector<Step> steps;  // the kept ones, by time
  int64_t steps_in_file = 0;
  int64_t clipped_negative = 0;  // durations below 0 taken as 0
  int64_t unlinked = 0;  // device events without a launch in the file
  int64_t unlinked_left_out = 0;  // of these, left out because they ran before or after the steps that are kept
  int64_t outside_operators = 0;  // device events left out by drop_unlinked
  int64_t left_out_last_step = 0;  // rows of the step that was cut off

  size_t size() const { return rows.size(); }
  int64_t end(size_t i) const { return ts[i] + dur[i]; }
  std::string_view name(size_t i) const { return trace->name_of(rows[i]); }
  uint32_t name_id(size_t i) const { return trace->name[rows[i]]; }
  Category kind(size_t i) const { return trace->kind(rows[i]); }
  int64_t stream(size_t i) const { return trace->stream[rows[i]]; }
  uint32_t lane(size_t i) const { return trace->lane[rows[i]]; }
  int64_t correlation(size_t i) const { return trace->correlation[rows[i]]; }
  double ns(int64_t ticks) const {
    return tick_ns == 0 ? static_cast<double>(ticks) * 1e-3 : static_cast<double>(ticks * tick_ns);
  }

  std::vector<uint32_t> device_rows() const;  // places in the view, in file order
  // On a thread: neither device work nor what else a device's lines show (waits, annotations, counters, event records).
  bool host(size_t i) const;
  // A call that holds its thread until the device is done. A copy from or to pageable memory does, though its name says
  // Async: it returns after the copy's end.
  bool waits(size_t i) const;
};

View make_view(const Trace& trace, const ViewOptions& options);

// "ProfilerStep#12" -> 12; -1 for other names.
int64_t step_number(std::string_view name);

}  // namespace hasten::trace
