// HTA's "lightweight" critical path: a graph of begin and end points inside an annotation, and its longest path.
// Rules after HolisticTraceAnalysis 0.6 (hta/analyzers/critical_path_analysis.py), for results that can be compared with it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "hasten/trace/view.h"

namespace hasten::trace {

enum class PathEdgeType : uint8_t { kOperator, kDependency, kLaunchDelay, kKernelDelay, kSync };
std::string_view path_edge_name(PathEdgeType type);  // "critical_path_operator"

struct PathNode {
  uint32_t place = 0;  // of the view
  int64_t ts = 0;
  bool start = false, blocking = false;
};

struct PathEdge {
  uint32_t from = 0, to = 0;  // nodes
  int64_t weight = 0;
  PathEdgeType type = PathEdgeType::kOperator;
  int32_t event = -1;  // the event that the time belongs to, -1: none
};

struct PathOptions {
  std::string annotation;  // events whose name contains it; "": the whole trace
  int64_t instance = 0;
  std::vector<std::string> data_events;  // names of host work that loads data
  bool zero_launch_edges = true;  // CRITICAL_PATH_ADD_ZERO_WEIGHT_LAUNCH_EDGE
};

struct PathGraph {
  std::vector<PathNode> nodes;
  std::vector<PathEdge> edges;  // at most one for each pair of nodes
  std::vector<uint32_t> node_order;  // nodes that have edges, in the order in which they came
  std::vector<uint32_t> path;  // nodes of the longest path
  std::vector<uint32_t> path_edges;  // edges between them
  std::vector<uint32_t> path_events;  // their events, ascending places
  int64_t length = 0;  // sum of the path's weights
  int64_t begin = 0, end = 0;  // times of the path's first and last node
  int64_t negative_weights = 0;  // edges that go back in time, taken as 0
  int64_t left_out = 0;  // links whose other end is not in the window
  std::map<std::string, int64_t> by_bound;
};

// Throws ConfigError when the annotation is not in the trace, DataError when the graph has a cycle.
PathGraph hta_critical_path(const View& view, const PathOptions& options);

}  // namespace hasten::trace
