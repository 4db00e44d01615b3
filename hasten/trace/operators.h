// Host operators with their own and their device time, the kernel patterns they start, and a roofline class by shape.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hasten/trace/call_stack.h"
#include "hasten/trace/shapes.h"
#include "hasten/trace/view.h"

namespace hasten::trace {

enum class Roofline : uint8_t { kUnknown, kMath, kBandwidth };
std::string_view roofline_name(Roofline roofline);

struct OperatorRow {
  std::string name;
  size_t count = 0;
  int64_t total = 0, self = 0;    // host ticks, with and without what is called inside
  int64_t device = 0;             // device ticks that it or what is inside it started (each operator once per call)
  int64_t device_self = 0;        // started by itself, not by an operator inside
  size_t kernels = 0;
  double flops = 0, bytes = 0;    // from shapes, where all calls had them
  Roofline roofline = Roofline::kUnknown;
};

// Peak rates of a vendor's data sheet: dense half precision with tensor cores, plain single and double precision without
// them (0: not in the sheet), memory.
struct DeviceSpeed {
  double half_flops_per_s = 0, single_flops_per_s = 0, double_flops_per_s = 0, bytes_per_s = 0;
  double flops_per_s(Precision precision) const;  // 0: unknown
};
// From deviceProperties, by whole words of the name; nothing for unknown devices.
std::optional<DeviceSpeed> known_device(const Trace& trace);

// By device time, then own host time. The roofline class compares the time that the operators' arithmetic takes at the
// device's peak with that of their bytes; unknown where a call's shapes or element type are not recorded.
std::vector<OperatorRow> operators(const View& view, const HostNesting& nesting);

// Stretches that the program named (user annotations), by host time; profiler steps are one row, "ProfilerStep".
struct AnnotationRow {
  std::string name;
  size_t count = 0;
  int64_t total = 0, self = 0;  // host ticks, with and without the operators and annotations inside
  int64_t device = 0;  // device ticks started inside
};
std::vector<AnnotationRow> annotations(const View& view, const HostNesting& nesting);

// Sequences of device work that operators whose name contains `operator_name` start, most frequent first.
struct PatternRow {
  std::string pattern;  // "operator|kernel|kernel"
  size_t count = 0;
  int64_t device = 0, host = 0;
};
// Only operators at the least depth at which the name comes, with at least `shortest` device events.
std::vector<PatternRow> frequent_patterns(const View& view, std::string_view operator_name, size_t shortest = 3);

// Hardware counters (cuda_profiler_range) with the operators that launched the kernels, by time. Counters and launches of
// kernels are matched in order; empty when their numbers differ.
struct CounterRow {
  std::string kernel, top_operator, bottom_operator;
  std::vector<std::pair<std::string, double>> counters;
  double flops = 0;  // add and mul 1, fma 2, of all precisions counted
};
std::vector<CounterRow> counters_with_operators(const View& view);

}  // namespace hasten::trace
