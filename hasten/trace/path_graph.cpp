// HTA's critical path: builds the graph in HTA's order, since its longest path depends on it where paths are equally long.
#include "hasten/trace/path_graph.h"

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "hasten/base/error.h"
#include "hasten/trace/call_stack.h"
#include "hasten/trace/path_links.h"
#include "hasten/trace/streams.h"
#include "hasten/trace/tie_order.h"

namespace hasten::trace {
namespace {

constexpr uint32_t kNoNode = UINT32_MAX;
constexpr int64_t kLongestKernelDelay = 1500;  // us between two kernels of a stream; more is not a delay of the device

class GraphBuilder {
 public:
  GraphBuilder(const View& view, const PathOptions& options) : view_(view), options_(options), links_(view) {}

  PathGraph build() {
    find_window();
    clip();
    add_nodes();
    for (auto& lane : host_lanes(view_, host_clip_)) trees_.push_back(build_call_tree(view_, std::move(lane)));
    hang_backward();
    for (uint32_t t = 0; t < trees_.size(); ++t) add_stack(t);
    add_device_work();
    longest_path(graph_);
    summarize_path();
    return std::move(graph_);
  }

 private:
  void find_window() {
    if (options_.annotation.empty()) {
      begin_ = INT64_MAX;
      end_ = INT64_MIN;
      for (size_t i = 0; i < view_.size(); ++i) {
        begin_ = std::min(begin_, view_.ts[i]);
        end_ = std::max(end_, view_.end(i));
      }
      return;
    }
    int64_t seen = 0;
    for (size_t i = 0; i < view_.size(); ++i) {
      if (view_.name(i).find(options_.annotation) == std::string_view::npos) continue;
      if (seen++ != options_.instance) continue;
      begin_ = view_.ts[i];
      end_ = view_.end(i);
      return;
    }
    throw ConfigError("--annotation",
                      "the name of an event that comes at least " + std::to_string(options_.instance + 1) + " times",
                      "'" + options_.annotation + "', which comes " + std::to_string(seen) + " times");
  }

  bool in_window(size_t i) const { return view_.ts[i] >= begin_ && view_.ts[i] <= end_ && view_.dur[i] > 0; }

  // Host events that start in the window, and the device work that they launched.
  void clip() {
    std::vector<uint8_t> launched(view_.size(), 0);
    for (uint32_t i = 0; i < view_.size(); ++i) {  // of a graph's kernels this finds one: HTA's rule
      if (view_.stream(i) == -1 && view_.partner[i] >= 0 && in_window(i))
        launched[static_cast<size_t>(view_.partner[i])] = 1;
    }
    for (uint32_t i = 0; i < view_.size(); ++i) {
      bool kept = view_.stream(i) == -1 ? in_window(i) : launched[i] != 0 || view_.name(i) == "Stream Wait Event";
      if (kept) clip_.push_back(i);
    }
    std::stable_sort(clip_.begin(), clip_.end(), [&](uint32_t a, uint32_t b) {
      return view_.trace->index[view_.rows[a]] < view_.trace->index[view_.rows[b]];
    });
    for (uint32_t i : clip_) {
      if (view_.stream(i) < 0) host_clip_.push_back(i);
    }
  }

  bool has_nodes(uint32_t i) const {
    Category kind = view_.kind(i);
    if (kind == Category::kCpuOp || kind == Category::kRuntime || kind == Category::kDriver) return true;
    return view_.stream(i) != -1 && view_.partner[i] != View::kUncorrelated;
  }

  void add_nodes() {
    std::vector<PathNode> points;
    std::vector<int64_t> times;
    for (bool start : {true, false}) {
      for (uint32_t i : clip_) {
        if (!has_nodes(i)) continue;
        points.push_back({i, start ? view_.ts[i] : view_.end(i), start, PathLinks::waits_for_device(view_.name(i))});
        times.push_back(points.back().ts);
      }
    }
    start_.assign(view_.size(), kNoNode);
    end_node_.assign(view_.size(), kNoNode);
    for (uint32_t k : numpy_order(times)) {
      auto node = static_cast<uint32_t>(graph_.nodes.size());
      (points[k].start ? start_ : end_node_)[points[k].place] = node;
      graph_.nodes.push_back(points[k]);
    }
    in_graph_.assign(graph_.nodes.size(), 0);
  }

  void add_edge(uint32_t from, uint32_t to, PathEdgeType type, bool zero = false, int32_t event = -1) {
    bool timeless = zero || type == PathEdgeType::kDependency || type == PathEdgeType::kSync;
    PathEdge edge{from, to, timeless ? 0 : graph_.nodes[to].ts - graph_.nodes[from].ts, type, event};
    for (uint32_t node : {from, to}) {
      if (in_graph_[node]++ == 0) graph_.node_order.push_back(node);
    }
    auto [known, fresh] = edge_of_.try_emplace((uint64_t{from} << 32) | to, static_cast<uint32_t>(graph_.edges.size()));
    if (fresh) {
      graph_.edges.push_back(edge);
      return;
    }
    if (event < 0) edge.event = graph_.edges[known->second].event;  // the attribution is kept beside the edge
    graph_.edges[known->second] = edge;
  }

  // Backward operators run on a thread of their own while the main thread waits inside "## backward ##": HTA hangs them
  // below that annotation, when there is one main thread (which runs none of them) and one such thread.
  void hang_backward() {
    std::vector<uint32_t> main, backward;
    for (uint32_t t = 0; t < trees_.size(); ++t) {
      bool steps = false, autograd = false;
      for (uint32_t i : trees_[t].places) {
        steps = steps || view_.name(i).starts_with("ProfilerStep#");
        autograd = autograd || view_.name(i).find("autograd::") != std::string_view::npos;
      }
      if (steps && !autograd) main.push_back(t);
      if (autograd) backward.push_back(t);
    }
    if (main.size() != 1 || backward.size() != 1) return;
    CallTree& below = trees_[backward[0]];
    for (uint32_t item = 0; item < trees_[main[0]].places.size(); ++item) {
      uint32_t annotation = trees_[main[0]].places[item];
      if (!view_.name(annotation).starts_with("## backward ##")) continue;
      std::vector<uint32_t> left;
      for (uint32_t root : below.children.back()) {
        uint32_t i = below.places[root];
        bool inside = view_.ts[i] >= view_.ts[annotation] && view_.end(i) <= view_.end(annotation);
        if (inside) {
          hung_[{main[0], item}].push_back({backward[0], root});
        } else {
          left.push_back(root);
        }
      }
      below.children.back() = std::move(left);
    }
  }

  struct Visit {
    uint32_t tree, item;
    size_t next_child = 0;
  };
  using Item = std::pair<uint32_t, uint32_t>;  // tree, item

  // A walk over the events of a thread: time passes from one begin or end to the next.
  void add_stack(uint32_t tree) {
    stack_ = {};
    std::vector<Visit> visits;
    for (uint32_t root : trees_[tree].children.back()) {
      enter(trees_[tree], root);
      visits.push_back({tree, root});
      while (!visits.empty()) {
        Visit& top = visits.back();
        const auto& own = trees_[top.tree].children[top.item];
        auto hung = hung_.find(Item{top.tree, top.item});
        size_t k = top.next_child++;
        if (k < own.size()) {
          visits.push_back({top.tree, own[k]});
        } else if (hung != hung_.end() && k - own.size() < hung->second.size()) {
          auto [other, item] = hung->second[k - own.size()];
          visits.push_back({other, item});
        } else {
          leave(trees_[top.tree], top.item);
          visits.pop_back();
          continue;
        }
        enter(trees_[visits.back().tree], visits.back().item);
      }
    }
  }

  int32_t parent_place(const CallTree& tree, uint32_t item) const {
    return tree.parent[item] < 0 ? -1 : static_cast<int32_t>(tree.places[static_cast<size_t>(tree.parent[item])]);
  }

  // The event in which the time between two points of a thread is spent.
  int32_t spent_in(uint32_t from, uint32_t to) const {
    const PathNode &a = graph_.nodes[from], &b = graph_.nodes[to];
    if (a.start) return static_cast<int32_t>(a.place);
    return b.start ? stack_.last_parent : static_cast<int32_t>(b.place);
  }

  void enter(const CallTree& tree, uint32_t item) {
    uint32_t node = start_[tree.places[item]];
    if (node == kNoNode) return;
    if (stack_.depth == 0 && stack_.last_top != kNoNode) add_edge(stack_.last_top, node, PathEdgeType::kDependency);
    ++stack_.depth;
    if (stack_.last != kNoNode)
      add_edge(stack_.last, node, PathEdgeType::kOperator, false, spent_in(stack_.last, node));
    stack_.last = node;
    stack_.last_parent = parent_place(tree, item);
  }

  void leave(const CallTree& tree, uint32_t item) {
    uint32_t node = end_node_[tree.places[item]];
    if (node == kNoNode) return;
    --stack_.depth;
    bool blocking = graph_.nodes[start_[tree.places[item]]].blocking;
    if (stack_.last != kNoNode)
      add_edge(stack_.last, node, PathEdgeType::kOperator, blocking, spent_in(stack_.last, node));
    if (stack_.depth == 0) {
      stack_.last = kNoNode;
      stack_.last_top = node;
    } else {
      stack_.last = node;
      stack_.last_parent = parent_place(tree, item);
    }
  }

  // Device events by start; waits by end, since a wait spans the work that it waits for.
  std::vector<uint32_t> device_order() const {
    std::vector<uint32_t> rows;
    std::vector<int64_t> times;
    for (uint32_t i : clip_) {
      bool device = view_.stream(i) != -1 || view_.name(i) == "Event Sync" || view_.name(i) == "Context Sync";
      if (!device || view_.partner[i] == View::kUncorrelated) continue;
      rows.push_back(i);
      times.push_back(view_.kind(i) == Category::kSync ? view_.end(i) : view_.ts[i]);
    }
    std::vector<uint32_t> sorted;
    for (uint32_t k : numpy_order(times)) sorted.push_back(rows[k]);
    return sorted;
  }

  void add_device_work() {
    queue_lengths(view_, 1, [&](const StreamId&, const QueuePoint& point) { queue_at_[point.place] = point.length; });
    for (uint32_t i : device_order()) {
      if (view_.kind(i) == Category::kSync) {
        add_wait(i);
      } else if (start_[i] != kNoNode) {
        add_kernel(i);
      }
    }
  }

  void add_sync_edge(uint32_t from, int32_t host) {
    uint32_t to = host < 0 ? kNoNode : end_node_[static_cast<size_t>(host)];
    if (to == kNoNode || from == kNoNode) {
      ++graph_.left_out;
    } else {
      add_edge(from, to, PathEdgeType::kSync);
    }
  }

  void add_wait(uint32_t i) {
    std::string_view name = view_.name(i);
    if (name == "Stream Wait Event" || name == "Event Sync") {
      int32_t launch = links_.launch_before_record(i);
      if (launch < 0) return;
      int32_t source = view_.partner[static_cast<size_t>(launch)];
      if (source < 0) return;
      if (name == "Event Sync") return add_sync_edge(end_node_[static_cast<size_t>(source)], view_.partner[i]);
      int32_t next = links_.launch_after_wait(view_.partner[i]);
      if (next >= 0 && view_.partner[static_cast<size_t>(next)] >= 0) {
        waits_for_[view_.partner[static_cast<size_t>(next)]] = source;
      }
      return;
    }
    if (name == "Context Sync") {
      for (int64_t stream : streams_) add_sync_edge(last_on_[stream], view_.partner[i]);
    } else if (name == "Stream Sync") {
      auto last = last_on_.find(view_.stream(i));
      if (last != last_on_.end()) add_sync_edge(last->second, view_.partner[i]);
    }
  }

  int32_t queue_at(int32_t place) const {
    auto found = place < 0 ? queue_at_.end() : queue_at_.find(static_cast<uint32_t>(place));
    return found == queue_at_.end() ? -1 : found->second;
  }

  bool add_launch(int32_t launch, uint32_t kernel, bool zero) {
    if (launch < 0 || start_[static_cast<size_t>(launch)] == kNoNode) return false;
    add_edge(start_[static_cast<size_t>(launch)], start_[kernel], PathEdgeType::kLaunchDelay, zero);
    return true;
  }

  void add_kernel(uint32_t i) {
    add_edge(start_[i], end_node_[i], PathEdgeType::kOperator, false, static_cast<int32_t>(i));
    int32_t launch = view_.partner[i];
    std::optional<uint32_t> waited;
    if (auto wait = waits_for_.find(static_cast<int32_t>(i)); wait != waits_for_.end()) {
      uint32_t node = end_node_[static_cast<size_t>(wait->second)];
      if (node == kNoNode) {
        ++graph_.left_out;
      } else {
        waited = node;
        add_edge(node, start_[i], PathEdgeType::kSync);
      }
      waits_for_.erase(wait);
    }
    int64_t stream = view_.stream(i);
    auto last = last_on_.find(stream);
    int64_t launched = launch < 0 ? 0 : view_.ts[static_cast<size_t>(launch)];
    bool queue_empty = queue_at(launch) == 1 && queue_at(static_cast<int32_t>(i)) == 0;
    bool stream_free = last == last_on_.end() || graph_.nodes[last->second].ts < launched;
    bool waits_over = !waited || graph_.nodes[*waited].ts < launched;
    bool delay_added = false;
    if (queue_empty && stream_free && waits_over) {
      delay_added = add_launch(launch, i, false);
    } else if (last != last_on_.end() && (!waited || graph_.nodes[*waited].ts < graph_.nodes[last->second].ts) &&
               view_.ts[i] - graph_.nodes[last->second].ts <= kLongestKernelDelay) {
      add_edge(last->second, start_[i], PathEdgeType::kKernelDelay, false,
               static_cast<int32_t>(graph_.nodes[last->second].place));
    }
    if (options_.zero_launch_edges && !delay_added) add_launch(launch, i, true);
    if (last == last_on_.end()) streams_.push_back(stream);
    last_on_[stream] = end_node_[i];
  }

  std::string bound(const PathEdge& edge) const {
    if (edge.type == PathEdgeType::kKernelDelay) return "gpu_kernel_kernel_overhead";
    if (edge.type == PathEdgeType::kLaunchDelay) return "gpu_kernel_launch_overhead";
    if (edge.type != PathEdgeType::kOperator || edge.event < 0) return "";
    auto place = static_cast<size_t>(edge.event);
    if (view_.stream(place) >= 0) {
      bool communication = kernel_type_of_name(view_.name(place)) == KernelType::kCommunication;
      return communication ? "gpu_communication_bound" : "gpu_compute_bound";
    }
    for (const std::string& data : options_.data_events) {
      if (view_.name(place).find(data) != std::string_view::npos) return "data_loading";
    }
    return "cpu_bound";
  }

  void summarize_path() {
    for (size_t k = 0; k + 1 < graph_.path.size(); ++k) {
      uint32_t edge = edge_of_.at((uint64_t{graph_.path[k]} << 32) | graph_.path[k + 1]);
      graph_.path_edges.push_back(edge);
      graph_.length += graph_.edges[edge].weight;
      graph_.by_bound[bound(graph_.edges[edge])] += graph_.edges[edge].weight;
    }
    for (uint32_t node : graph_.path) graph_.path_events.push_back(graph_.nodes[node].place);
    std::sort(graph_.path_events.begin(), graph_.path_events.end());
    graph_.path_events.erase(std::unique(graph_.path_events.begin(), graph_.path_events.end()),
                             graph_.path_events.end());
    if (graph_.path.empty()) return;
    graph_.begin = graph_.nodes[graph_.path.front()].ts;
    graph_.end = graph_.nodes[graph_.path.back()].ts;
  }

  struct Stack {
    uint32_t last = kNoNode, last_top = kNoNode;
    int32_t last_parent = -1;
    int depth = 0;
  };

  const View& view_;
  const PathOptions& options_;
  PathLinks links_;
  PathGraph graph_;
  int64_t begin_ = 0, end_ = 0;
  std::vector<uint32_t> clip_, host_clip_;
  std::vector<CallTree> trees_;
  std::map<Item, std::vector<Item>> hung_;
  std::vector<uint32_t> start_, end_node_;
  std::vector<uint32_t> in_graph_;
  std::unordered_map<uint64_t, uint32_t> edge_of_;
  Stack stack_;
  std::unordered_map<uint32_t, int32_t> queue_at_;
  std::unordered_map<int64_t, uint32_t> last_on_;
  std::vector<int64_t> streams_;
  std::unordered_map<int32_t, int32_t> waits_for_;
};

}  // namespace

std::string_view path_edge_name(PathEdgeType type) {
  constexpr std::string_view kNames[] = {"critical_path_operator", "critical_path_dependency",
                                         "critical_path_kernel_launch_delay", "critical_path_kernel_kernel_delay",
                                         "critical_path_sync_dependency"};
  return kNames[static_cast<size_t>(type)];
}

PathGraph hta_critical_path(const View& view, const PathOptions& options) {
  return GraphBuilder(view, options).build();
}

}  // namespace hasten::trace
