// Which event encloses which on a thread: one sweep over starts and ends with a stack.
#include "hasten/trace/call_stack.h"

#include <algorithm>
#include <charconv>
#include <map>

namespace hasten::trace {
namespace {

struct Edge {
  int64_t time, dur;
  uint32_t item;  // index into places, which follow the file
  bool start;
};

// Ends before starts at one time, outer starts first, inner ends first. Two events without a duration stand one after the
// other; one without a duration at the edge of another is inside it.
bool before(const Edge& x, const Edge& y) {
  if (x.item == y.item) return x.start && !y.start;
  if (x.time != y.time) return x.time < y.time;
  if (x.start == y.start) {
    if (x.dur != y.dur) return x.start ? x.dur > y.dur : x.dur < y.dur;
    return x.start ? x.item < y.item : x.item > y.item;
  }
  if (x.dur > 0 && y.dur > 0) return !x.start;
  if (x.dur == 0 && y.dur == 0) return x.item < y.item;
  return x.start;
}

bool is_number(std::string_view text, int64_t& value) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

// Numbers before texts, numbers by value.
bool id_before(std::string_view a, std::string_view b) {
  int64_t x = 0, y = 0;
  bool number_a = is_number(a, x), number_b = is_number(b, y);
  if (number_a != number_b) return number_a;
  return number_a ? x < y : a < b;
}

}  // namespace

CallTree build_call_tree(const View& view, std::vector<uint32_t> places) {
  CallTree tree;
  tree.places = std::move(places);
  size_t n = tree.places.size();
  std::vector<Edge> edges;
  edges.reserve(2 * n);
  for (uint32_t k = 0; k < n; ++k) {
    uint32_t i = tree.places[k];
    int64_t dur = std::max<int64_t>(view.dur[i], 0);
    edges.push_back({view.ts[i], dur, k, true});
    edges.push_back({view.ts[i] + dur, dur, k, false});
  }
  std::stable_sort(edges.begin(), edges.end(), before);
  tree.parent.assign(n, CallTree::kRoot);
  tree.children.resize(n + 1);
  std::vector<uint32_t> stack;
  for (const Edge& edge : edges) {
    if (!edge.start) {
      if (!stack.empty()) stack.pop_back();
      continue;
    }
    size_t parent = stack.empty() ? n : stack.back();
    if (!stack.empty()) tree.parent[edge.item] = static_cast<int32_t>(stack.back());
    tree.children[parent].push_back(edge.item);
    stack.push_back(edge.item);
  }
  return tree;
}

std::vector<std::vector<uint32_t>> host_lanes(const View& view, const std::vector<uint32_t>& places) {
  std::map<uint32_t, std::vector<uint32_t>> by_lane;
  for (uint32_t i : places) by_lane[view.lane(i)].push_back(i);
  std::vector<uint32_t> lanes;
  for (const auto& [lane, rows] : by_lane) lanes.push_back(lane);
  const Trace& trace = *view.trace;
  std::sort(lanes.begin(), lanes.end(), [&](uint32_t a, uint32_t b) {
    const Lane &x = trace.lanes[a], &y = trace.lanes[b];
    if (x.pid != y.pid) return id_before(trace.strings.view(x.pid), trace.strings.view(y.pid));
    return id_before(trace.strings.view(x.tid), trace.strings.view(y.tid));
  });
  std::vector<std::vector<uint32_t>> result;
  for (uint32_t lane : lanes) result.push_back(std::move(by_lane[lane]));
  return result;
}

HostNesting nest_host_events(const View& view) {
  std::vector<uint32_t> order;
  for (uint32_t i = 0; i < view.size(); ++i) {
    if (view.host(i)) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    if (view.lane(a) != view.lane(b)) return view.lane(a) < view.lane(b);
    return view.ts[a] != view.ts[b] ? view.ts[a] < view.ts[b] : view.dur[a] > view.dur[b];
  });
  HostNesting nesting;
  nesting.parent.assign(view.size(), -1);
  nesting.self.assign(view.dur.begin(), view.dur.end());
  std::vector<uint32_t> stack;
  for (uint32_t i : order) {
    while (!stack.empty() && (view.lane(stack.back()) != view.lane(i) || view.end(stack.back()) <= view.ts[i]))
      stack.pop_back();
    if (!stack.empty()) {
      uint32_t parent = stack.back();
      nesting.parent[i] = static_cast<int32_t>(parent);
      int64_t inside = std::min(view.end(i), view.end(parent)) - view.ts[i];
      nesting.self[parent] -= inside;
      nesting.outlasting += view.end(i) > view.end(parent);
    }
    stack.push_back(i);
  }
  for (int64_t& self : nesting.self) self = std::max<int64_t>(self, 0);
  return nesting;
}

}  // namespace hasten::trace
