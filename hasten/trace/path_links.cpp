// Waits between streams, and the longest path.
#include "hasten/trace/path_links.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "hasten/base/error.h"
#include "hasten/trace/tie_order.h"

namespace hasten::trace {
namespace {

std::vector<uint32_t> by_time(const View& view, const std::vector<uint32_t>& places) {
  std::vector<int64_t> times;
  for (uint32_t i : places) times.push_back(view.ts[i]);
  std::vector<uint32_t> sorted;
  for (uint32_t k : numpy_order(times)) sorted.push_back(places[k]);
  return sorted;
}

uint32_t process(const View& view, size_t place) { return view.trace->lanes[view.lane(place)].pid; }

}  // namespace

bool PathLinks::waits_for_device(std::string_view name) {
  return name == "cudaDeviceSynchronize" || name == "cudaStreamSynchronize" || name == "cudaEventQuery" ||
         name == "cudaEventSynchronize" || name == "cudaMemcpy";
}

PathLinks::PathLinks(const View& view) : view_(view) {
  auto on_device = [&](int32_t place) {
    if (place < 0) return false;
    auto i = static_cast<size_t>(place);
    return view.stream(i) != -1 && view.partner[i] >= 0;
  };
  std::vector<uint32_t> launches, records, waits;
  std::unordered_map<int64_t, std::pair<uint32_t, int64_t>> recorded_on;  // record's correlation -> device, stream
  for (uint32_t i = 0; i < view.size(); ++i) {
    std::string_view name = view.name(i);
    if (is_hta_launch(name) && on_device(view.partner[i])) launches.push_back(i);
    if (name == "cudaEventRecord") records.push_back(i);
    if (name == "cudaStreamWaitEvent" && on_device(view.partner[i])) waits.push_back(i);
    int64_t stream = view.trace->args.integer(Arg::kWaitOnStream, view.rows[i]).value_or(-1);
    int64_t record = view.trace->args.integer(Arg::kWaitRecordCorrelation, view.rows[i]).value_or(-1);
    if (stream > -1) recorded_on.try_emplace(record, process(view, i), stream);
  }
  launches = by_time(view, launches);
  records = by_time(view, records);
  waits = by_time(view, waits);

  std::vector<uint32_t> order(view.size(), 0);  // of launches
  for (uint32_t k = 0; k < launches.size(); ++k) order[launches[k]] = k;

  // Forwards: the latest launch on each stream when an event is recorded on it.
  std::vector<uint32_t> both = launches;
  both.insert(both.end(), records.begin(), records.end());
  std::map<std::pair<uint32_t, int64_t>, int32_t> latest;
  for (uint32_t i : by_time(view, both)) {
    if (view.name(i) != "cudaEventRecord") {
      auto device = static_cast<size_t>(view.partner[i]);
      int32_t& last = latest.try_emplace({process(view, device), view.stream(device)}, -1).first->second;
      if (last < 0 || order[static_cast<size_t>(last)] < order[i]) last = static_cast<int32_t>(i);
      continue;
    }
    auto where = recorded_on.find(view.correlation(i));
    if (where == recorded_on.end()) continue;
    auto found = latest.find({where->second.first, where->second.second});
    before_record_[view.correlation(i)] = found == latest.end() ? -1 : found->second;
  }

  // Backwards: the next launch of the thread on the stream that waits.
  both = launches;
  both.insert(both.end(), waits.begin(), waits.end());
  both = by_time(view, both);
  std::map<std::tuple<uint32_t, int64_t>, int32_t> next;
  for (auto at = both.rbegin(); at != both.rend(); ++at) {
    auto device = static_cast<size_t>(view.partner[*at]);
    int32_t& following = next.try_emplace({view.lane(*at), view.stream(device)}, -1).first->second;
    if (view.name(*at) == "cudaStreamWaitEvent") {
      after_wait_[static_cast<int32_t>(*at)] = following;
    } else if (following < 0 || order[*at] < order[static_cast<size_t>(following)]) {
      following = static_cast<int32_t>(*at);
    }
  }
}

int32_t PathLinks::launch_before_record(size_t wait) const {
  auto record = view_.trace->args.integer(Arg::kWaitRecordCorrelation, view_.rows[wait]);
  auto found = record ? before_record_.find(*record) : before_record_.end();
  return found == before_record_.end() ? -1 : found->second;
}

int32_t PathLinks::launch_after_wait(int32_t call) const {
  auto found = after_wait_.find(call);
  return found == after_wait_.end() ? -1 : found->second;
}

void longest_path(PathGraph& graph) {
  size_t n = graph.nodes.size();
  std::vector<std::vector<uint32_t>> out(n), in(n);  // edges, in the order in which they came
  for (uint32_t e = 0; e < graph.edges.size(); ++e) {
    out[graph.edges[e].from].push_back(e);
    in[graph.edges[e].to].push_back(e);
    graph.negative_weights += graph.edges[e].weight < 0;
  }
  std::vector<size_t> waiting(n);
  std::vector<uint32_t> order;
  for (uint32_t node : graph.node_order) {
    waiting[node] = in[node].size();
    if (waiting[node] == 0) order.push_back(node);
  }
  for (size_t k = 0; k < order.size(); ++k) {
    for (uint32_t e : out[order[k]]) {
      if (--waiting[graph.edges[e].to] == 0) order.push_back(graph.edges[e].to);
    }
  }
  if (order.size() != graph.node_order.size()) {
    throw DataError("critical path", "",
                    "the links between events form a cycle: times of host and device contradict each other");
  }
  std::vector<int64_t> length(n, 0);
  std::vector<uint32_t> from(n);
  for (uint32_t node : order) {
    int64_t best = 0;
    uint32_t via = node;
    for (bool first = true; uint32_t e : in[node]) {
      int64_t here = length[graph.edges[e].from] + std::max<int64_t>(graph.edges[e].weight, 0);
      if (first || here > best) {
        best = here;
        via = graph.edges[e].from;
      }
      first = false;
    }
    length[node] = best;
    from[node] = via;
  }
  if (order.empty()) return;
  uint32_t last = order[0];
  for (uint32_t node : order) {
    if (length[node] > length[last]) last = node;
  }
  for (uint32_t node = last;; node = from[node]) {
    graph.path.push_back(node);
    if (from[node] == node) break;
  }
  std::reverse(graph.path.begin(), graph.path.end());
}

}  // namespace hasten::trace
