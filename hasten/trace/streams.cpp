// Per stream of a device: idle time, launch queue, launch statistics.
#include "hasten/trace/streams.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <numeric>
#include <optional>

#include "hasten/trace/correlation_index.h"
#include "hasten/trace/tie_order.h"

namespace hasten::trace {
namespace {

bool hta(const View& view) { return view.options.semantics == Semantics::kHta; }

// Kernels, copies and sets: what runs, without waits.
bool runs(const View& view, size_t i) {
  switch (view.kind(i)) {
    case Category::kKernel:
    case Category::kMemcpy:
    case Category::kMemset:
    case Category::kAccelerator: return view.device[i] != 0;
    default: return !hta(view) && view.device[i] != 0;
  }
}

// Rows of each stream, in the order in which the streams first come.
struct Grouped {
  std::vector<StreamId> ids;
  std::vector<std::vector<uint32_t>> rows;
};

template <class Keep>
Grouped group(const View& view, Keep keep) {
  Grouped grouped;
  std::map<StreamId, size_t> known;
  for (uint32_t i = 0; i < view.size(); ++i) {
    if (!keep(i)) continue;
    StreamId id = stream_of(view, i);
    auto [entry, fresh] = known.try_emplace(id, grouped.ids.size());
    if (fresh) {
      grouped.ids.push_back(id);
      grouped.rows.emplace_back();
    }
    grouped.rows[entry->second].push_back(i);
  }
  return grouped;
}

void sort_by_time(const View& view, std::vector<uint32_t>& rows) {
  if (!hta(view)) {
    std::stable_sort(rows.begin(), rows.end(), [&](uint32_t a, uint32_t b) { return view.ts[a] < view.ts[b]; });
    return;
  }
  std::vector<int64_t> times;
  for (uint32_t i : rows) times.push_back(view.ts[i]);
  std::vector<uint32_t> sorted;
  for (uint32_t k : numpy_order(times)) sorted.push_back(rows[k]);
  rows = std::move(sorted);
}

// What a process or thread of the timeline is as a part of a stream's id.
int64_t line_part(const Trace& trace, uint32_t text) {
  std::string_view digits = trace.strings.view(text);
  if (digits.empty()) return -1;
  const char* last = digits.data() + digits.size();
  int64_t number = -1;
  auto [end, error] = std::from_chars(digits.data(), last, number);
  bool whole = error == std::errc() && end == last && number >= 0;
  return whole ? number : StreamId::kText + static_cast<int64_t>(text);
}

}  // namespace

StreamId stream_of(const View& view, size_t place) {
  if (hta(view)) return {-1, view.stream(place)};
  uint32_t row = view.rows[place];
  auto device = view.trace->args.integer(Arg::kDevice, row);
  int64_t stream = view.stream(place);
  if (device && stream >= 0) return {*device, stream};
  // A file without these arguments: the line of the timeline says the same.
  const auto& line = view.trace->lanes[view.lane(place)];
  return {device ? *device : line_part(*view.trace, line.pid), stream >= 0 ? stream : line_part(*view.trace, line.tid)};
}

bool on_several_devices(const View& view) {
  std::optional<int64_t> first;
  for (size_t i = 0; i < view.size(); ++i) {
    if (view.device[i] == 0) continue;
    int64_t device = stream_of(view, i).device;
    if (first && *first != device) return true;
    first = device;
  }
  return false;
}

std::string stream_part(const View& view, int64_t part) {
  int64_t behind_texts = StreamId::kText + static_cast<int64_t>(view.trace->strings.size());
  bool text = part >= StreamId::kText && part < behind_texts;
  if (!text) return std::to_string(part);
  return std::string(view.trace->strings.view(static_cast<uint32_t>(part - StreamId::kText)));
}

std::string stream_name(const View& view, const StreamId& id, bool several_devices) {
  std::string device = several_devices ? "device " + stream_part(view, id.device) + ", " : "";
  return device + "stream " + stream_part(view, id.stream);
}

std::vector<StreamIdle> idle_by_stream(const View& view, int64_t consecutive_ticks) {
  Grouped grouped = group(view, [&](size_t i) { return runs(view, i); });
  std::vector<StreamIdle> result;
  for (size_t s = 0; s < grouped.ids.size(); ++s) {
    std::vector<uint32_t>& rows = grouped.rows[s];
    sort_by_time(view, rows);
    StreamIdle idle;
    idle.id = grouped.ids[s];
    idle.events = rows.size();
    idle.has_other = hta(view);  // HTA's first row has no gap, and so falls to "other"
    int64_t end = view.end(rows[0]);
    for (size_t k = 1; k < rows.size(); ++k) {
      uint32_t i = rows[k];
      int64_t gap = view.ts[i] - end;
      if (!hta(view)) gap = std::max<int64_t>(gap, 0);
      int32_t launch = view.partner[i];
      bool late = launch >= 0 && view.ts[static_cast<size_t>(launch)] > end;
      if (late) {
        idle.host_wait += gap;
        idle.has_host_wait = true;
      } else if (gap < consecutive_ticks) {
        idle.kernel_wait += gap;
        idle.has_kernel_wait = true;
      } else {
        idle.other += gap;
        idle.has_other = true;
      }
      end = hta(view) ? view.end(i) : std::max(end, view.end(i));
    }
    result.push_back(idle);
  }
  return result;
}

namespace {

bool queue_launch(const View& view, size_t i) {
  if (view.device[i] != 0 || view.partner[i] < 0) return false;
  if (!hta(view)) return view.kind(i) == Category::kRuntime || view.kind(i) == Category::kDriver;
  return is_hta_launch(view.name(i));
}

// Traces hold tens of millions of these: 16 bytes, and sorted in place.
struct Change {
  int64_t ts;
  uint32_t place;
  uint32_t stream : 31;  // index into Queued::ids
  uint32_t launch : 1;   // else a start
};
struct Queued {
  std::vector<StreamId> ids;
  std::vector<Change> changes;
};

// The launch of a device event, -1: none. For HTA the first one with the event's correlation.
class Launches {
 public:
  explicit Launches(const View& view) : view_(view), first_(hta(view) ? view.size() / 2 : 0) {
    if (!hta(view)) return;
    for (uint32_t i = 0; i < view.size(); ++i) {
      if (queue_launch(view, i) && first_.find(view.correlation(i)) < 0)
        first_.set(view.correlation(i), static_cast<int32_t>(i));
    }
  }
  int32_t of(uint32_t i) const {
    if (hta(view_)) return first_.find(view_.correlation(i));
    int32_t launch = view_.partner[i];
    return launch >= 0 && queue_launch(view_, static_cast<size_t>(launch)) ? launch : -1;
  }

 private:
  const View& view_;
  CorrelationIndex first_;
};

// Launches first, then work, each in the file's order: for equal times HTA's order depends on that.
Queued queue_changes(const View& view) {
  Queued queued;
  std::map<StreamId, uint32_t> known;
  Launches launches(view);
  std::vector<uint32_t> work;
  for (uint32_t i = 0; i < view.size(); ++i) {
    if (view.device[i] != 0 && view.correlation(i) >= 0 && launches.of(i) >= 0) work.push_back(i);
  }
  queued.changes.resize(2 * work.size());
  for (size_t k = 0; k < work.size(); ++k) {
    uint32_t i = work[k];
    auto [entry, fresh] = known.try_emplace(stream_of(view, i), static_cast<uint32_t>(queued.ids.size()));
    if (fresh) queued.ids.push_back(entry->first);
    auto place = static_cast<uint32_t>(launches.of(i));
    queued.changes[k] = {view.ts[place], place, entry->second, 1};  // a graph's launch: once for each kernel
    queued.changes[work.size() + k] = {view.ts[i], i, entry->second, 0};
  }
  work = {};
  auto starts = queued.changes.begin() + static_cast<std::ptrdiff_t>(queued.changes.size() / 2);
  auto by_place = [](const Change& a, const Change& b) { return a.place < b.place; };
  if (!std::is_sorted(queued.changes.begin(), starts, by_place)) {
    std::stable_sort(queued.changes.begin(), starts, by_place);
  }
  return queued;
}

void sort_changes(const View& view, std::vector<Change>& changes) {
  if (!hta(view)) {  // at one and the same time the launch counts before the start
    std::sort(changes.begin(), changes.end(), [](const Change& a, const Change& b) {
      if (a.ts != b.ts) return a.ts < b.ts;
      return a.launch != b.launch ? a.launch > b.launch : a.place < b.place;
    });
    return;
  }
  std::vector<int64_t> times;
  for (const Change& change : changes) times.push_back(change.ts);
  std::vector<Change> sorted;
  for (uint32_t k : numpy_order(times)) sorted.push_back(changes[k]);
  changes = std::move(sorted);
}

}  // namespace

std::vector<StreamQueue> queue_lengths(const View& view, int32_t full, const QueueVisitor& visit) {
  Queued queued = queue_changes(view);
  sort_changes(view, queued.changes);
  struct Now {
    int32_t length = 0, least = 0, most = 0;
    int64_t since = 0;
    std::vector<size_t> counts;  // lengths repeat: how often each came, not the series
  };
  std::vector<StreamQueue> queues(queued.ids.size());
  std::vector<Now> now(queued.ids.size());
  for (const Change& change : queued.changes) {
    Now& at = now[change.stream];
    at.length += change.launch != 0 ? 1 : -1;
    at.least = std::min(at.least, at.length);
    at.most = std::max(at.most, at.length);
  }
  for (Now& at : now) {
    at.length = 0;
    at.counts.resize(static_cast<size_t>(at.most - at.least) + 1);
  }
  for (const Change& change : queued.changes) {
    StreamQueue& queue = queues[change.stream];
    Now& at = now[change.stream];
    if (at.length >= full) queue.blocked += change.ts - at.since;
    at.length += change.launch != 0 ? 1 : -1;
    at.since = change.ts;
    ++at.counts[static_cast<size_t>(at.length - at.least)];
    if (visit) visit(queued.ids[change.stream], {change.ts, change.place, at.length});
  }
  for (size_t s = 0; s < queues.size(); ++s) {
    queues[s].id = queued.ids[s];
    queues[s].summary = summarize_counts(now[s].least, now[s].counts);
  }
  std::sort(queues.begin(), queues.end(), [](const StreamQueue& a, const StreamQueue& b) { return a.id < b.id; });
  return queues;
}

int64_t launch_delay(const View& view, uint32_t work) {
  return std::max<int64_t>(0, view.ts[work] - view.end(static_cast<size_t>(view.partner[work])));
}

namespace {

// By launch, the device event that it started first; -1: none.
std::vector<int32_t> first_work(const View& view) {
  std::vector<int32_t> first(view.size(), -1);
  for (uint32_t i = 0; i < view.size(); ++i) {
    if (view.device[i] == 0 || view.partner[i] < 0) continue;
    int32_t& at = first[static_cast<size_t>(view.partner[i])];
    if (at < 0 || view.ts[i] < view.ts[static_cast<size_t>(at)]) at = static_cast<int32_t>(i);
  }
  return first;
}

}  // namespace

LaunchStats launch_stats(const View& view) {
  // HTA's list, hta/analyzers/cuda_kernel_analysis.py
  constexpr std::string_view kNames[] = {"cudaLaunchKernel", "cudaLaunchKernelExC", "cudaMemcpyAsync",
                                         "cudaMemsetAsync", "runFunction - job_prep_and_submit_for_execution"};
  LaunchStats stats;
  std::vector<int32_t> first = first_work(view);
  std::vector<double> delays;
  for (uint32_t i = 0; i < view.size(); ++i) {
    if (view.device[i] == 0 || view.partner[i] < 0) continue;
    auto host = static_cast<size_t>(view.partner[i]);
    std::string_view name = view.name(host);
    if (hta(view) && std::find(std::begin(kNames), std::end(kNames), name) == std::end(kNames)) continue;
    bool graph = name.find("GraphLaunch") != std::string_view::npos;
    stats.work.push_back(i);
    stats.device_ticks += view.dur[i];
    stats.graph_kernels += graph;
    if (!hta(view) && first[host] != static_cast<int32_t>(i)) continue;
    int64_t delay = launch_delay(view, i);
    ++stats.launches;
    stats.graph_launches += graph;
    stats.host_ticks += view.dur[host];
    stats.delay_ticks += delay;
    stats.shorter_than_launch += view.dur[i] < view.dur[host];
    delays.push_back(static_cast<double>(delay));
  }
  std::sort(delays.begin(), delays.end());
  stats.median_delay = quantile_of_sorted(delays, 0.5);
  return stats;
}

}  // namespace hasten::trace
