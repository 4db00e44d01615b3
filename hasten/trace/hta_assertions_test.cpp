// What HTA's own tests assert for the shared traces, beyond the analyses of oracle_test.cpp.
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "hasten/trace/call_stack.h"
#include "hasten/trace/compare.h"
#include "hasten/trace/kernels.h"
#include "hasten/trace/operators.h"
#include "hasten/trace/path_graph.h"
#include "hasten/trace/source.h"
#include "hasten/trace/streams.h"
#include "hasten/trace/test_traces.h"

namespace hasten::trace {
namespace {

struct Case {
  const Trace& trace;
  const View& view;  // of the trace, as HTA reads it
  const Json &args, &want;
};

void check_patterns(const Case& c) {
  EXPECT_TRUE(frequent_patterns(c.view, c.args["operator_name"].get<std::string>()).empty());
}

void check_rows_without_steps(const Case& c) {
  EXPECT_EQ(c.view.size(), c.want["rows"].get<size_t>());
  EXPECT_TRUE(c.view.steps.empty());
}

void check_host_only(const Case& c) {
  EXPECT_TRUE(queue_lengths(c.view).empty());
  EXPECT_TRUE(copies(c.view).empty());
}

PathGraph path_graph_of(const Case& c) {
  PathOptions options{c.args["annotation"].get<std::string>(), c.args["instance_id"].get<int64_t>(), {}, true};
  if (c.args.contains("data_load_events")) {
    options.data_events = c.args["data_load_events"].get<std::vector<std::string>>();
  }
  return hta_critical_path(c.view, options);
}

void check_path_nodes(const Case& c) {
  PathGraph graph = path_graph_of(c);
  EXPECT_EQ(graph.path.size(), c.want["critical_path_nodes"].get<size_t>());
  for (const auto& [event, ids] : c.want["node_ids"].items()) {
    for (bool start : {true, false}) {
      const PathNode& node = graph.nodes[ids[start ? 0 : 1].get<size_t>()];
      EXPECT_EQ(c.trace.index[c.view.rows[node.place]], static_cast<uint32_t>(std::stoul(event)));
      EXPECT_EQ(node.start, start);
    }
  }
  for (const auto& [pair, weight] : c.want["edge_weights_us"].items()) {
    size_t arrow = pair.find("->");
    auto edge = std::find_if(graph.edges.begin(), graph.edges.end(), [&](const PathEdge& e) {
      return e.from == std::stoul(pair.substr(0, arrow)) && e.to == std::stoul(pair.substr(arrow + 2));
    });
    ASSERT_NE(edge, graph.edges.end()) << pair;
    EXPECT_EQ(edge->weight, weight.get<int64_t>());
  }
}

void check_path(const Case& c) {
  if (c.want.contains("node_ids")) return check_path_nodes(c);
  PathGraph graph = path_graph_of(c);
  EXPECT_TRUE(std::any_of(graph.edges.begin(), graph.edges.end(),
                          [](const PathEdge& e) { return e.type == PathEdgeType::kSync; }));
}

void check_path_overlay(const Case& c) {
  PathGraph graph = path_graph_of(c);
  EXPECT_EQ(graph.path_events.size(), c.want["all_edges"]["critical_events"].get<size_t>());
  EXPECT_EQ(graph.path_edges.size(), c.want["all_edges"]["critical_edges"].get<size_t>());
  size_t shown = 0;
  for (uint32_t e : graph.path_edges) {
    PathEdgeType type = graph.edges[e].type;
    shown += type == PathEdgeType::kDependency || type == PathEdgeType::kLaunchDelay || type == PathEdgeType::kSync;
  }
  EXPECT_EQ(shown, c.want["default_edges"]["critical_edges"].get<size_t>());
}

// HTA marks the events of its path in an overlay of its own, which is at hand as a file.
void check_path_reference(const Case& c) {
  std::string text;
  ByteSource source(shared_traces() / c.args["reference"].get<std::string>());
  for (std::string_view block = source.next(); !block.empty(); block = source.next()) text += block;
  Json overlay = Json::parse(text);
  double critical = 0;
  for (const Json& event : overlay["traceEvents"]) {
    critical += event["ph"] == "X" && event.contains("args") && event["args"].contains("critical");
  }
  ASSERT_GT(critical, 0);
  EXPECT_NEAR(static_cast<double>(path_graph_of(c).path_events.size()), critical,
              c.want["critical_event_count_within"].get<double>() * critical);
}

View all_steps_of(const Trace& trace) {
  return make_view(trace, {.semantics = Semantics::kHta, .include_last_step = true});
}

void check_trace_diff(const Case& c) {
  Trace other = read_trace(shared_traces() / c.args["test_trace"].get<std::string>());
  auto step = c.args["iteration"].get<int32_t>();
  View a = all_steps_of(c.trace), b = all_steps_of(other);
  ChangedNames changed = changed_names(compare_by_name(a, b, {Side::kHost, step, step, false}));
  auto sorted = [](std::vector<std::string> names) {
    std::sort(names.begin(), names.end());
    return names;
  };
  const Json& ops = c.want["ops_diff_cpu"];
  EXPECT_EQ(sorted(changed.added), sorted(ops["added"].get<std::vector<std::string>>()));
  EXPECT_EQ(sorted(changed.deleted), sorted(ops["deleted"].get<std::vector<std::string>>()));
  EXPECT_EQ(sorted(changed.unchanged), sorted(ops["unchanged"].get<std::vector<std::string>>()));
  auto gpu = compare_by_name(a, b, {Side::kDevice, step, step, false});
  EXPECT_EQ(std::count_if(gpu.begin(), gpu.end(), [](const Difference& d) { return d.count_change() < 0; }),
            c.want["gpu"]["-"].get<long>());
}

void check_labels(const Case& c) {
  EXPECT_EQ(std::vector<int>{c.trace.rank()}, c.want["ranks"].get<std::vector<int>>());
  std::vector<int64_t> steps;
  for (const Step& step : all_steps_of(c.trace).steps) steps.push_back(step.number);
  EXPECT_EQ(steps, c.want["iterations"].get<std::vector<int64_t>>());
}

// Every name of one step of the trace, with its count and time.
std::vector<Difference> names_of_step(const Case& c, Side side) {
  View view = all_steps_of(c.trace);
  auto step = c.args["iteration"].get<int32_t>();
  return compare_by_name(view, view, {side, step, step, false});
}

void check_extracted(const Case& c) {
  auto events = [&](Side side) {
    int64_t count = 0;
    for (const Difference& row : names_of_step(c, side)) count += row.count_a;
    return count;
  };
  EXPECT_EQ(events(Side::kHost), c.want["cpu_events"].get<int64_t>());
  EXPECT_EQ(events(Side::kDevice), c.want["gpu_events"].get<int64_t>());
}

void check_operator_sums(const Case& c) {
  ASSERT_EQ(c.args["device"], "CPU");
  std::map<std::string, int64_t> counts, ticks;
  for (const Difference& row : names_of_step(c, Side::kHost)) {
    counts[row.name] = row.count_a;
    ticks[row.name] = row.ticks_a;
  }
  EXPECT_EQ(counts, (c.want["counts"].get<std::map<std::string, int64_t>>()));
  EXPECT_EQ(ticks, (c.want["total_duration"].get<std::map<std::string, int64_t>>()));
}

// HTA also hangs the backward thread below an annotation of the main one; here a thread's outermost events have no parent.
void check_call_graph(const Case& c) {
  View view = all_steps_of(c.trace);
  HostNesting nesting = nest_host_events(view);
  ASSERT_EQ(view.size(), c.want["rows"].get<size_t>());
  std::vector<uint32_t> host;
  for (uint32_t i = 0; i < view.size(); ++i) {
    if (view.device[i] == 0) host.push_back(i);
  }
  EXPECT_EQ(host_lanes(view, host).size(), c.want["stacks"].get<size_t>());
  for (const Json& link : c.want["node_parent"]) {
    auto node = link[0].get<int32_t>(), parent = link[1].get<int32_t>();
    if (node < 0) continue;  // a thread, not an event
    auto i = static_cast<size_t>(node);
    bool on_device = view.device[i] != 0;
    bool outermost = parent < 0 || (!on_device && view.lane(static_cast<size_t>(parent)) != view.lane(i));
    EXPECT_EQ(on_device ? view.partner[i] : nesting.parent[i], outermost ? -1 : parent) << view.name(i);
  }
}

void check_nccl_args(const Case& c) {
  size_t kernels = 0;
  int64_t longest = -1;
  uint32_t at = 0;
  for (uint32_t i = 0; i < c.view.size(); ++i) {
    if (c.view.device[i] == 0 || !c.view.name(i).starts_with("ncclKernel")) continue;
    ++kernels;
    if (c.view.dur[i] > longest) longest = c.view.dur[at = i];
  }
  size_t all = 0;  // HTA's test reads without its step filter
  for (uint32_t row = 0; row < c.trace.size(); ++row) {
    all += c.trace.name_of(row).starts_with("ncclKernel") && c.trace.kind(row) == Category::kKernel;
  }
  EXPECT_EQ(all, c.want["ncclKernel_kernels"].get<size_t>());
  EXPECT_LE(kernels, all);
  EXPECT_EQ(c.trace.text_arg(Arg::kCollective, c.view.rows[at]),
            c.want["longest"]["collective_name"].get<std::string>());
}

void check_triton_args(const Case& c) {
  const auto& rows = c.trace.args.column(Arg::kKernelBackend).rows;
  ASSERT_EQ(rows.size(), c.want["rows_with_kernel_backend"].get<size_t>());
  EXPECT_EQ(c.trace.name_of(rows[0]), c.want["name"].get<std::string>());
  EXPECT_EQ(c.trace.text_arg(Arg::kKernelHash, rows[0]), c.want["kernel_hash"].get<std::string>());
}

void check_start(const Case& c) {
  int64_t first = INT64_MAX;
  for (uint32_t row : c.view.rows) first = std::min(first, c.trace.ts_ns[row]);
  EXPECT_NEAR(static_cast<double>(first + c.trace.base_ns() - c.want["value"].get<int64_t>()), 0, 1000);
}

void check_metadata(const Case& c) {
  const Json& want = c.want["distributedInfo"];
  EXPECT_EQ(c.trace.rank(), 34);
  EXPECT_EQ(c.trace.world_size(), want["world_size"].get<int>());
  EXPECT_EQ(c.trace.metadata["distributedInfo"]["pg_count"], want["pg_count"]);
}

void check_rank(const Case& c) {
  EXPECT_EQ(c.trace.rank(), c.want.contains("warning") ? -1 : c.want["rank"].get<int>());
}

void check_waits(const Case& c) {
  size_t waits = 0;
  for (size_t i = 0; i < c.view.size(); ++i) {
    waits += c.view.stream(i) < 0 && (c.view.name(i) == "Event Sync" || c.view.name(i) == "Context Sync");
  }
  EXPECT_EQ(waits, c.want["rows_with_stream_lt_0"].get<size_t>());
}

// How an analysis is checked: here, or by another test of this program.
struct Analysis {
  std::string_view name;
  void (*check)(const Case&);
  std::string_view elsewhere = "";
};
constexpr Analysis kAnalyses[] = {
    {"align_and_filter", check_rows_without_steps},
    {"call_graph", check_call_graph},
    {"critical_path", check_path},
    {"critical_path_overlay", check_path_overlay},
    {"critical_path_overlay_vs_reference_file", check_path_reference},
    {"cupti_counters_with_operators", nullptr, "HtaOracle.CountersWithOperators"},
    {"extract_ops", check_extracted},
    {"frequent_cuda_kernel_sequences", check_patterns},
    {"gpu_kernel_filter", check_waits},
    {"labeled_trace", check_labels},
    {"memory_timeline", nullptr, "MemoryTimeline.EqualsHta"},
    {"metadata", check_metadata},
    {"nccl_args", check_nccl_args},
    {"ops_summary", check_operator_sums},
    {"queue_length_time_series/summary/memory_bw_summary", check_host_only},
    {"rank_detection", check_rank},
    {"trace_diff", check_trace_diff},
    {"trace_start_unixtime_ns", check_start},
    {"triton_args", check_triton_args},
};

bool is_a_test(std::string_view name) {
  const auto& program = *::testing::UnitTest::GetInstance();
  for (int s = 0; s < program.total_test_suite_count(); ++s) {
    const auto& suite = *program.GetTestSuite(s);
    for (int t = 0; t < suite.total_test_count(); ++t) {
      if (cat(suite.name(), ".", suite.GetTestInfo(t)->name()) == name) return true;
    }
  }
  return false;
}

TEST(HtaOracle, AssertionsOfItsOwnTests) {
  HASTEN_NEEDS_SHARED_TRACES()
  std::set<std::string> seen;
  for (const Json& test : oracle()["hta_tests"]) {
    if (test["trace"].is_null()) continue;
    auto name = test["analysis"].get<std::string>();
    SCOPED_TRACE(name + " " + test["trace"].get<std::string>());
    seen.insert(name);
    auto analysis =
        std::find_if(std::begin(kAnalyses), std::end(kAnalyses), [&](const Analysis& a) { return a.name == name; });
    if (analysis == std::end(kAnalyses)) {
      ADD_FAILURE() << "nothing checks this analysis";
    } else if (analysis->check == nullptr) {
      EXPECT_TRUE(is_a_test(analysis->elsewhere)) << analysis->elsewhere;
    } else {
      Trace trace = read_trace(shared_traces() / test["trace"].get<std::string>());
      View view = hta_view(trace);
      analysis->check({trace, view, test["args"], test["expected"]});
    }
  }
  for (const Analysis& analysis : kAnalyses) EXPECT_TRUE(seen.count(std::string(analysis.name))) << analysis.name;
}

}  // namespace
}  // namespace hasten::trace
