// HTA's temporal breakdown, overlap and kernel type shares; with Semantics::kExact the same on integer nanoseconds.
#include "hasten/trace/temporal.h"

#include <algorithm>
#include <map>

namespace hasten::trace {
namespace {

std::vector<uint32_t> of_type(const View& view, KernelType type) {
  std::vector<uint32_t> places;
  for (uint32_t i = 0; i < view.size(); ++i) {
    if (view.device[i] != 0 && view.type[i] == type) places.push_back(i);
  }
  return places;
}

Intervals merged(const View& view, const std::vector<uint32_t>& places) {
  return view.options.semantics == Semantics::kHta ? merge_like_hta(view, places) : merge_rows(view, places);
}

}  // namespace

std::optional<Temporal> temporal_breakdown(const View& view) {
  std::vector<uint32_t> all = view.device_rows();
  if (all.empty()) return std::nullopt;
  Temporal result;
  result.device_events = all.size();
  Intervals busy = merged(view, all);
  Intervals compute = merged(view, of_type(view, KernelType::kComputation));
  Intervals communication = merged(view, of_type(view, KernelType::kCommunication));
  if (view.options.semantics == Semantics::kHta) {
    result.kernel_time = busy.back().end - busy.front().begin;
  } else {  // also events without duration say when the device was in use
    int64_t first = INT64_MAX, last = INT64_MIN;
    for (uint32_t i : all) {
      first = std::min(first, view.ts[i]);
      last = std::max(last, view.end(i));
    }
    result.kernel_time = last - first;
  }
  result.idle = result.kernel_time - length(busy);
  result.compute = length(compute);
  result.non_compute = result.kernel_time - result.compute - result.idle;
  result.communication = length(communication);
  result.memory = length(merged(view, of_type(view, KernelType::kMemory)));
  if (result.communication != 0) {
    double both = static_cast<double>(length(intersect(communication, compute)));
    result.overlap_percent = 100.0 * both / static_cast<double>(result.communication);
  }
  return result;
}

std::vector<TypeShare> kernel_type_shares(const View& view) {
  constexpr KernelType kTypes[] = {KernelType::kComputation, KernelType::kCommunication, KernelType::kMemory};
  struct Edge {
    int64_t time;
    int change;
  };
  std::vector<Edge> edges;
  for (size_t k = 0; k < std::size(kTypes); ++k) {
    for (const Interval& interval : merged(view, of_type(view, kTypes[k]))) {
      edges.push_back({interval.begin, 1 << k});
      edges.push_back({interval.end, -(1 << k)});
    }
  }
  std::stable_sort(edges.begin(), edges.end(), [](const Edge& a, const Edge& b) { return a.time < b.time; });
  std::map<std::string, int64_t> sums;
  int running = 0;
  for (size_t e = 0; e + 1 < edges.size(); ++e) {
    running += edges[e].change;
    if (running <= 0) continue;
    std::string name;
    for (size_t k = 0; k < std::size(kTypes); ++k) {
      if ((running & (1 << k)) == 0) continue;
      if (!name.empty()) name += " overlapping ";
      name += kernel_type_name(kTypes[k]);
    }
    sums[name] += edges[e + 1].time - edges[e].time;
  }
  std::vector<TypeShare> shares;
  int64_t total = 0;
  for (const auto& [name, ticks] : sums) {
    shares.push_back({name, ticks, 0});
    total += ticks;
  }
  for (TypeShare& share : shares) {
    share.percent = total == 0 ? 0 : 100.0 * static_cast<double>(share.ticks) / static_cast<double>(total);
  }
  std::stable_sort(shares.begin(), shares.end(),
                   [](const TypeShare& a, const TypeShare& b) { return a.ticks > b.ticks; });
  return shares;
}

}  // namespace hasten::trace
