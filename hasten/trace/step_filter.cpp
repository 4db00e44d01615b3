// Which rows belong to the profiler steps that an analysis looks at.
#include "hasten/trace/step_filter.h"

#include <algorithm>
#include <map>
#include <string>

#include "hasten/trace/correlation_index.h"
#include "hasten/trace/intervals.h"
#include "hasten/trace/streams.h"

namespace hasten::trace {
namespace {

// When the first device work started that has its launch in the file. A stream works in order: what has none and ran
// before was queued before the profiler began, and belongs to no step. What has none and ran later stays: its file lacks
// correlations, or its launch was not recorded.
struct FirstLinked {
  std::map<StreamId, int64_t> by_stream;
  int64_t of_file = INT64_MAX;  // for streams that have none

  int64_t of(const View& view, size_t i) const {
    if (by_stream.empty()) return of_file;
    auto found = by_stream.find(stream_of(view, i));
    return found == by_stream.end() ? of_file : found->second;
  }
};

FirstLinked first_linked(const View& view, int64_t otherwise) {
  FirstLinked first;
  for (size_t i = 0; i < view.size(); ++i) {
    if (view.device[i] == 0 || view.partner[i] < 0) continue;
    int64_t& of_stream = first.by_stream.try_emplace(stream_of(view, i), view.ts[i]).first->second;
    of_stream = std::min(of_stream, view.ts[i]);
    first.of_file = std::min(first.of_file, view.ts[i]);
  }
  if (first.by_stream.empty()) first.of_file = otherwise;
  return first;
}

}  // namespace

std::vector<uint8_t> before_the_cut(const View& view, const StepTimes& steps, const RowTest& device_side) {
  bool all = view.options.include_last_step, hta = view.options.semantics == Semantics::kHta;
  auto in_time = [&](size_t i) { return all ? view.ts[i] <= steps.last_end : view.ts[i] < steps.last_start; };
  bool needed = !hta && view.unlinked > 0;
  FirstLinked first = needed ? first_linked(view, steps.first_start) : FirstLinked{{}, steps.first_start};
  std::vector<uint8_t> kept(view.size());
  for (size_t i = 0; i < view.size(); ++i) {
    if (!device_side(i)) {
      kept[i] = in_time(i);
    } else if (view.partner[i] >= 0) {
      kept[i] = in_time(static_cast<size_t>(view.partner[i]));
    } else {  // HTA keeps nothing without a launch
      kept[i] = !hta && in_time(i) && view.ts[i] >= first.of(view, i);
    }
  }
  return kept;
}

std::vector<uint8_t> inside_mtia_steps(const View& view, const RowTest& is_step) {
  auto on_host = [&](size_t i) {
    Category kind = view.kind(i);
    return kind == Category::kCpuOp || kind == Category::kUserAnnotation || kind == Category::kRuntime;
  };
  Intervals steps;
  int64_t begin = INT64_MAX, end = INT64_MIN;
  for (size_t i = 0; i < view.size(); ++i) {
    if (!is_step(i)) continue;
    steps.push_back({view.ts[i], view.end(i)});
    if (!on_host(i)) continue;
    begin = std::min(begin, view.ts[i]);
    end = std::max(end, view.end(i));
  }
  std::vector<uint8_t> kept(view.size());
  CorrelationIndex calls(view.size());
  for (size_t i = 0; i < view.size(); ++i) {
    kept[i] = on_host(i) && view.ts[i] >= begin && view.end(i) <= end;
    if (kept[i] != 0 && view.correlation(i) >= 0) calls.set(view.correlation(i), static_cast<int32_t>(i));
  }
  for (size_t i = 0; i < view.size(); ++i) {
    Category kind = view.kind(i);
    bool work = kind == Category::kKernel || kind == Category::kMemcpy || kind == Category::kMemset ||
                kind == Category::kAccelerator;
    if (work && view.correlation(i) >= 0 && calls.find(view.correlation(i)) >= 0) kept[i] = 1;
    std::string_view name = view.name(i);
    bool dma = name.starts_with("dma");
    if (name.starts_with("hip")) name.remove_prefix(3);
    if (!dma && !name.starts_with("Memcpy") && !name.starts_with("Memset")) continue;
    for (const Interval& step : steps) {
      if (view.ts[i] >= step.begin && view.ts[i] <= step.end) kept[i] = 1;
    }
  }
  return kept;
}

bool is_mtia(const Trace& trace) {
  auto type = trace.metadata.find("device_type");
  return type != trace.metadata.end() && type->is_string() && type->get<std::string>() == "MTIA";
}

}  // namespace hasten::trace
