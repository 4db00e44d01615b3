// Every analysis against what HTA, TraceLens and an independent exact recomputation give for the shared traces.
#include "hasten/trace/test_traces.h"

#include <cmath>
#include <map>

#include "hasten/trace/compare.h"
#include "hasten/trace/critical_path.h"
#include "hasten/trace/kernels.h"
#include "hasten/trace/operators.h"
#include "hasten/trace/partition.h"
#include "hasten/trace/path_graph.h"
#include "hasten/trace/reader.h"
#include "hasten/trace/streams.h"
#include "hasten/trace/temporal.h"

namespace hasten::trace {
namespace {

View hta_view(const Trace& trace) { return make_view(trace, {.semantics = Semantics::kHta}); }

void near(double got, const Json& want, const std::string& what) {
  if (want.is_null()) return;
  EXPECT_NEAR(got, want.get<double>(), 1e-9 * std::max(1.0, std::fabs(want.get<double>()))) << what;
}

void check_summary(const Summary& got, const Json& want, const std::string& prefix) {
  near(static_cast<double>(got.count), want[prefix + "/count"], prefix + "/count");
  near(got.mean, want[prefix + "/mean"], prefix + "/mean");
  EXPECT_EQ(got.std.has_value(), !want[prefix + "/std"].is_null());
  if (got.std) near(*got.std, want[prefix + "/std"], prefix + "/std");
  near(got.min, want[prefix + "/min"], prefix + "/min");
  near(got.p25, want[prefix + "/25%"], prefix + "/25%");
  near(got.p50, want[prefix + "/50%"], prefix + "/50%");
  near(got.p75, want[prefix + "/75%"], prefix + "/75%");
  near(got.max, want[prefix + "/max"], prefix + "/max");
}

void check_temporal(const View& view, const Json& want) {
  auto got = temporal_breakdown(view);
  if (want["temporal_breakdown"].is_object()) {  // HTA fails without device events; here that is a plain answer
    EXPECT_FALSE(got.has_value());
    return;
  }
  const Json& row = want["temporal_breakdown"][0];
  ASSERT_TRUE(got.has_value());
  near(static_cast<double>(got->idle), row["idle_time(us)"], "idle");
  near(static_cast<double>(got->compute), row["compute_time(us)"], "compute");
  near(static_cast<double>(got->non_compute), row["non_compute_time(us)"], "non_compute");
  near(static_cast<double>(got->kernel_time), row["kernel_time(us)"], "kernel_time");
  const Json& overlap = want["comm_comp_overlap"][0]["comp_comm_overlap_pctg"];
  EXPECT_EQ(got->overlap_percent.has_value(), !overlap.is_null());
  if (got->overlap_percent && !overlap.is_null()) {
    EXPECT_NEAR(*got->overlap_percent, overlap.get<double>(), 0.0051);
  }
}

void check_idle(const View& view, const Json& want) {
  if (want.is_object()) return;  // HTA failed
  std::map<std::pair<int64_t, std::string>, double> expected, got;
  for (const Json& row : want) expected[{row["stream"].get<int64_t>(), row["idle_category"].get<std::string>()}] = row["idle_time"].get<double>();
  for (const StreamIdle& idle : idle_by_stream(view, 30)) {
    if (idle.has_host_wait) got[{idle.id.stream, "host_wait"}] = static_cast<double>(idle.host_wait);
    if (idle.has_kernel_wait) got[{idle.id.stream, "kernel_wait"}] = static_cast<double>(idle.kernel_wait);
    if (idle.has_other) got[{idle.id.stream, "other"}] = static_cast<double>(idle.other);
  }
  EXPECT_EQ(got, expected);
}

void check_kernels(const View& view, const Json& want) {
  auto shares = kernel_type_shares(view);
  ASSERT_EQ(shares.size(), want["by_type"].size());
  for (size_t i = 0; i < shares.size(); ++i) {
    EXPECT_EQ(shares[i].name, want["by_type"][i]["kernel_type"].get<std::string>());
    near(static_cast<double>(shares[i].ticks), want["by_type"][i]["sum"], shares[i].name);
    EXPECT_NEAR(shares[i].percent, want["by_type"][i]["percentage"].get<double>(), 0.0501);
  }
  auto rows = kernels_like_hta(view);
  EXPECT_EQ(rows.size(), want["n_rows"].get<size_t>());
  for (const Json& row : want["top5"]) {
    auto found = std::find_if(rows.begin(), rows.end(), [&](const KernelRow& r) {
      return r.name == row["name"].get<std::string>() && kernel_type_name(r.type) == row["kernel_type"].get<std::string>();
    });
    ASSERT_NE(found, rows.end()) << row["name"];
    near(static_cast<double>(found->sum), row["sum (us)"], found->name + " sum");
    near(static_cast<double>(found->max), row["max (us)"], found->name + " max");
    near(static_cast<double>(found->min), row["min (us)"], found->name + " min");
    near(found->mean, row["mean (us)"], found->name + " mean");
    near(found->std, row["stddev"], found->name + " stddev");
  }
}

void check_queues(const View& view, const Json& want) {
  auto queues = queue_lengths(view);
  ASSERT_EQ(queues.size(), want.is_null() ? 0 : want.size());
  for (const Json& row : want) {
    auto found = std::find_if(queues.begin(), queues.end(), [&](const StreamQueue& q) { return q.id.stream == row["stream/"].get<int>(); });
    ASSERT_NE(found, queues.end());
    check_summary(found->summary, row, "queue_length");
  }
}

void check_copies(const View& view, const Json& want) {
  std::map<std::string, Summary> got;
  for (const CopyRow& row : copies(view)) {
    if (row.gb_per_s.count > 0) got[row.name] = row.gb_per_s;
  }
  ASSERT_EQ(got.size(), want.is_null() ? 0 : want.size());
  for (const Json& row : want) {
    ASSERT_TRUE(got.count(row["name/"].get<std::string>()));
    check_summary(got[row["name/"].get<std::string>()], row, "memory_bw_gbps");
  }
}

void check_launches(const View& view, const Json& want) {
  LaunchStats got = launch_stats(view);
  near(static_cast<double>(got.launches.size()), want["n"], "n");
  near(static_cast<double>(got.host_ticks), want["cpu_duration_sum"], "cpu_duration_sum");
  near(static_cast<double>(got.device_ticks), want["gpu_duration_sum"], "gpu_duration_sum");
  near(static_cast<double>(got.delay_ticks), want["launch_delay_sum"], "launch_delay_sum");
  near(got.median_delay, want["launch_delay_median"], "launch_delay_median");
  near(static_cast<double>(got.shorter_than_launch), want["short_kernels_gpu_lt_cpu"], "short");
}

TEST(HtaOracle, EveryAnalysisOfEveryTrace) {
  HASTEN_NEEDS_SHARED_TRACES()
  for (const auto& [name, want] : oracle()["hta_oracle"].items()) {
    SCOPED_TRACE(name);
    Trace trace = read_trace(shared_traces() / want["trace"].get<std::string>());
    View view = hta_view(trace);
    EXPECT_EQ(view.size(), want["rows_after_filter"].get<size_t>());
    EXPECT_EQ(view.device_rows().size(), want["gpu_rows_stream_ne_-1"].get<size_t>());
    std::vector<int64_t> steps;
    for (const Step& step : view.steps) steps.push_back(step.number);
    std::sort(steps.begin(), steps.end());
    steps.erase(std::unique(steps.begin(), steps.end()), steps.end());
    EXPECT_EQ(steps, want["profiler_steps"].get<std::vector<int64_t>>());
    check_temporal(view, want);
    check_idle(view, want["idle_time_breakdown"]);
    check_kernels(view, want["kernel_breakdown"]);
    check_queues(view, want["queue_length_summary"]);
    check_copies(view, want["memory_bw_summary"]);
    check_launches(view, want["launch_stats"]);
  }
}

TEST(ExactOracle, IntegerNanoseconds) {
  HASTEN_NEEDS_SHARED_TRACES()
  for (const auto& [path, both] : oracle()["exact_ns_oracle"]["traces"].items()) {
    SCOPED_TRACE(path);
    Trace trace = read_trace(shared_traces() / path);
    auto got = temporal_breakdown(make_view(trace, {}));
    ASSERT_TRUE(got.has_value());
    const Json& want = both["exact_ns_no_sync"];
    EXPECT_EQ(got->device_events, want["n"].get<size_t>());
    EXPECT_EQ(got->idle, want["idle"].get<int64_t>());
    EXPECT_EQ(got->compute, want["compute"].get<int64_t>());
    EXPECT_EQ(got->non_compute, want["non_compute"].get<int64_t>());
    EXPECT_EQ(got->kernel_time, want["kernel_time"].get<int64_t>());
    EXPECT_EQ(got->communication, want["comm"].get<int64_t>());
    EXPECT_EQ(got->memory, want["mem"].get<int64_t>());
    if (!want["comm_comp_overlap_pct"].is_null()) {
      EXPECT_NEAR(*got->overlap_percent, want["comm_comp_overlap_pct"].get<double>(), 5.1e-5);
    }
  }
}

TEST(HtaOracle, CriticalPaths) {
  HASTEN_NEEDS_SHARED_TRACES()
  for (const Json& want : oracle()["hta_critical_path_oracle"]) {
    SCOPED_TRACE(want["trace"].get<std::string>() + " " + want["annotation"].get<std::string>());
    Trace trace = read_trace(shared_traces() / want["trace"].get<std::string>());
    PathOptions options;
    options.annotation = want["annotation"].get<std::string>();
    options.instance = want["instance_id"].get<int64_t>();
    if (want["data_load_events"].is_array()) options.data_events = want["data_load_events"].get<std::vector<std::string>>();
    PathGraph got = hta_critical_path(hta_view(trace), options);
    std::map<std::string, size_t> by_type;
    for (const PathEdge& edge : got.edges) ++by_type[std::string(path_edge_name(edge.type))];
    EXPECT_EQ(by_type, (want["graph_edges_by_type"].get<std::map<std::string, size_t>>()));
    EXPECT_EQ(got.node_order.size(), want["graph_nodes"].get<size_t>());
    EXPECT_EQ(got.edges.size(), want["graph_edges"].get<size_t>());
    EXPECT_EQ(got.path.size(), want["cp_nodes"].get<size_t>());
    EXPECT_EQ(got.path_edges.size(), want["cp_edges"].get<size_t>());
    EXPECT_EQ(got.path_events.size(), want["cp_events"].get<size_t>());
    near(static_cast<double>(got.length), want["cp_length_us"], "length");
    near(static_cast<double>(got.end - got.begin), want["cp_wall_us"], "wall");
    for (const auto& [name, ticks] : want["duration_by_bound"].items()) {
      near(static_cast<double>(got.by_bound[name]), ticks, name);
    }
  }
}

TEST(HtaOracle, TraceDiff) {
  HASTEN_NEEDS_SHARED_TRACES()
  Trace a = read_trace(shared_traces() / "hta/trace_diff/control/control.json.gz");
  Trace b = read_trace(shared_traces() / "hta/trace_diff/test/test.json.gz");
  View view_a = hta_view(a), view_b = hta_view(b);
  for (auto [side, name] : {std::pair{Side::kHost, std::string("CPU")}, std::pair{Side::kDevice, std::string("GPU")}}) {
    SCOPED_TRACE(name);
    CompareOptions options{side, 1010, 1010, true};
    auto rows = compare_by_name(view_a, view_b, options);
    const Json& want = oracle()["trace_diff_oracle"]["trace_diff_1010_" + name];
    std::map<std::string, size_t> by_change;
    int64_t count_a = 0;
    for (const Difference& row : rows) {
      ++by_change[row.count_change() > 0 ? "+" : row.count_change() < 0 ? "-" : "="];
      count_a += row.count_a;
    }
    EXPECT_EQ(rows.size(), want["rows"].get<size_t>());
    EXPECT_EQ(by_change, (want["by_change"].get<std::map<std::string, size_t>>()));
    near(static_cast<double>(count_a), want["sum_control_counts"], "sum_control_counts");
    for (const Json& top : want["top5_by_diff_duration"]) {
      auto found = std::find_if(rows.begin(), rows.end(), [&](const Difference& r) { return r.name == top[0].get<std::string>(); });
      ASSERT_NE(found, rows.end()) << top[0];
      near(static_cast<double>(found->count_change()), top[1], found->name);
      near(static_cast<double>(found->ticks_change()), top[2], found->name);
    }
    options.short_names = false;
    ChangedNames changed = changed_names(compare_by_name(view_a, view_b, options));
    const Json& ops = oracle()["trace_diff_oracle"]["ops_diff_1010_" + name];
    EXPECT_EQ(changed.added.size(), ops["added"].get<size_t>());
    EXPECT_EQ(changed.deleted.size(), ops["deleted"].get<size_t>());
    EXPECT_EQ(changed.increased.size(), ops["increased"].get<size_t>());
    EXPECT_EQ(changed.decreased.size(), ops["decreased"].get<size_t>());
    EXPECT_EQ(changed.unchanged.size(), ops["unchanged"].get<size_t>());
  }
}

TEST(TraceLensOracle, Timelines) {
  HASTEN_NEEDS_SHARED_TRACES()
  for (const auto& [path, want] : oracle()["tracelens"]["cases"].items()) {
    SCOPED_TRACE(path);
    Trace trace = read_trace(shared_traces() / path);
    auto check = [&](const Partition& got, const Json& ms, double tolerance) {
      EXPECT_NEAR(static_cast<double>(got.of(Part::kCompute)) * 1e-9, ms["computation_time"].get<double>(), tolerance);
      EXPECT_NEAR(static_cast<double>(got.of(Part::kExposedCommunication)) * 1e-9, ms["exposed_comm_time"].get<double>(), tolerance);
      EXPECT_NEAR(static_cast<double>(got.of(Part::kExposedCopy)) * 1e-9, ms["exposed_memcpy_time"].get<double>(), tolerance);
      EXPECT_NEAR(static_cast<double>(got.busy()) * 1e-9, ms["busy_time"].get<double>(), tolerance);
      EXPECT_NEAR(static_cast<double>(got.idle()) * 1e-9, ms["idle_time"].get<double>(), tolerance);
      EXPECT_NEAR(static_cast<double>(got.wall()) * 1e-9, ms["total_time"].get<double>(), tolerance);
    };
    bool drops = want["max_abs_diff_ms"].get<double>() > 1;  // where TraceLens leaves kernels out
    check(partition_time(make_view(trace, {.semantics = Semantics::kTraceLens, .drop_unlinked = drops})), want["reference_ms"], 5e-5);
    if (!drops) continue;
    check(partition_time(make_view(trace, {.semantics = Semantics::kTraceLens})), want["exact_ns_ms"], 5e-5);
  }
}

TEST(EveryTrace, PartsAndPathSumToTheirWindows) {
  HASTEN_NEEDS_SHARED_TRACES()
  int read = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(shared_traces())) {
    std::string name = entry.path().filename().string();
    if (!name.ends_with(".json.gz") || name.ends_with("_et.json.gz")) continue;
    SCOPED_TRACE(entry.path().string());
    Trace trace = read_trace(entry.path());
    for (bool last : {false, true}) {
      View view = make_view(trace, {.include_last_step = last});
      Partition parts = partition_time(view);  // throws when they do not sum
      for (int64_t ns : parts.ns) EXPECT_GE(ns, 0);
      EXPECT_EQ(parts.busy() + parts.idle(), parts.wall());
      CriticalPath path = critical_path(view);
      int64_t at = path.begin;
      for (const PathSegment& segment : path.segments) {
        EXPECT_EQ(segment.begin, at);
        EXPECT_LT(segment.begin, segment.end);
        at = segment.end;
      }
      EXPECT_EQ(at, path.end);
    }
    ++read;
  }
  EXPECT_GE(read, 20);
}

TEST(HtaOracle, CountersWithOperators) {
  HASTEN_NEEDS_SHARED_TRACES()
  Json want;
  for (const Json& test : oracle()["hta_tests"]) {
    if (test["analysis"] == "cupti_counters_with_operators") want = test;
  }
  Trace trace = read_trace(shared_traces() / want["trace"].get<std::string>());
  auto rows = counters_with_operators(hta_view(trace));
  const Json& expected = want["expected"];
  ASSERT_EQ(rows.size(), expected["rows"].get<size_t>());
  EXPECT_NE(rows[5].kernel.find(expected["row5_by_ts_name_contains"].get<std::string>()), std::string::npos);
  EXPECT_EQ(rows[5].top_operator, expected["row5_top_level_op"].get<std::string>());
  EXPECT_EQ(rows[5].bottom_operator, expected["row5_bottom_level_op"].get<std::string>());
  double flops = 0, adds = 0;
  for (const CounterRow& row : rows) flops += row.flops;
  for (const auto& [name, value] : rows[5].counters) adds += name.find("fadd") != std::string::npos ? value : 0;
  EXPECT_EQ(adds, expected["row5_fadd"].get<double>());
  EXPECT_EQ(flops, expected["total_flops_all_kernels(HTA weights fma=2)"].get<double>());
}

// What HTA's own tests assert for these traces, beyond the analyses above.
TEST(HtaOracle, AssertionsOfItsOwnTests) {
  HASTEN_NEEDS_SHARED_TRACES()
  std::map<std::string, int> seen;
  for (const Json& test : oracle()["hta_tests"]) {
    if (test["trace"].is_null()) continue;
    std::string analysis = test["analysis"].get<std::string>();
    SCOPED_TRACE(analysis + " " + test["trace"].get<std::string>());
    const Json &want = test["expected"], &args = test["args"];
    ++seen[analysis];
    if (analysis == "memory_timeline" || analysis == "cupti_counters_with_operators") continue;  // tests of their own
    Trace trace = read_trace(shared_traces() / test["trace"].get<std::string>());
    View view = hta_view(trace);
    if (analysis == "frequent_cuda_kernel_sequences") {
      EXPECT_TRUE(frequent_patterns(view, args["operator_name"].get<std::string>()).empty());
    } else if (analysis == "align_and_filter") {
      EXPECT_EQ(view.size(), want["rows"].get<size_t>());
      EXPECT_TRUE(view.steps.empty());
    } else if (analysis == "queue_length_time_series/summary/memory_bw_summary") {
      EXPECT_TRUE(queue_lengths(view).empty());
      EXPECT_TRUE(copies(view).empty());
    } else if (analysis == "critical_path" && want.contains("node_ids")) {
      PathGraph graph = hta_critical_path(view, {args["annotation"].get<std::string>(), args["instance_id"].get<int64_t>(), {}, true});
      EXPECT_EQ(graph.path.size(), want["critical_path_nodes"].get<size_t>());
      for (const auto& [event, ids] : want["node_ids"].items()) {
        for (bool start : {true, false}) {
          const PathNode& node = graph.nodes[ids[start ? 0 : 1].get<size_t>()];
          EXPECT_EQ(trace.index[view.rows[node.place]], static_cast<uint32_t>(std::stoul(event)));
          EXPECT_EQ(node.start, start);
        }
      }
      for (const auto& [pair, weight] : want["edge_weights_us"].items()) {
        size_t arrow = pair.find("->");
        auto edge = std::find_if(graph.edges.begin(), graph.edges.end(), [&](const PathEdge& e) {
          return e.from == std::stoul(pair.substr(0, arrow)) && e.to == std::stoul(pair.substr(arrow + 2));
        });
        ASSERT_NE(edge, graph.edges.end()) << pair;
        EXPECT_EQ(edge->weight, weight.get<int64_t>());
      }
    } else if (analysis == "critical_path") {
      PathGraph graph = hta_critical_path(view, {args["annotation"].get<std::string>(), args["instance_id"].get<int64_t>(), {}, true});
      EXPECT_TRUE(std::any_of(graph.edges.begin(), graph.edges.end(), [](const PathEdge& e) { return e.type == PathEdgeType::kSync; }));
    } else if (analysis == "critical_path_overlay") {
      PathGraph graph = hta_critical_path(view, {args["annotation"].get<std::string>(), args["instance_id"].get<int64_t>(), {}, true});
      EXPECT_EQ(graph.path_events.size(), want["all_edges"]["critical_events"].get<size_t>());
      EXPECT_EQ(graph.path_edges.size(), want["all_edges"]["critical_edges"].get<size_t>());
      size_t shown = 0;
      for (uint32_t e : graph.path_edges) {
        PathEdgeType type = graph.edges[e].type;
        shown += type == PathEdgeType::kDependency || type == PathEdgeType::kLaunchDelay || type == PathEdgeType::kSync;
      }
      EXPECT_EQ(shown, want["default_edges"]["critical_edges"].get<size_t>());
    } else if (analysis == "trace_diff") {
      Trace other = read_trace(shared_traces() / args["test_trace"].get<std::string>());
      auto step = args["iteration"].get<int32_t>();
      ViewOptions all{.semantics = Semantics::kHta, .include_last_step = true};
      View a = make_view(trace, all), b = make_view(other, all);
      ChangedNames changed = changed_names(compare_by_name(a, b, {Side::kHost, step, step, false}));
      for (auto* names : {&changed.added, &changed.deleted, &changed.increased, &changed.decreased, &changed.unchanged}) std::sort(names->begin(), names->end());
      auto sorted = [](std::vector<std::string> names) { std::sort(names.begin(), names.end()); return names; };
      const Json& ops = want["ops_diff_cpu"];
      EXPECT_EQ(changed.added, sorted(ops["added"].get<std::vector<std::string>>()));
      EXPECT_EQ(changed.deleted, sorted(ops["deleted"].get<std::vector<std::string>>()));
      EXPECT_EQ(changed.unchanged, sorted(ops["unchanged"].get<std::vector<std::string>>()));
      auto gpu = compare_by_name(a, b, {Side::kDevice, step, step, false});
      EXPECT_EQ(std::count_if(gpu.begin(), gpu.end(), [](const Difference& d) { return d.count_change() < 0; }), want["gpu"]["-"].get<long>());
    } else if (analysis == "nccl_args") {
      size_t kernels = 0;
      int64_t longest = -1;
      uint32_t at = 0;
      for (uint32_t i = 0; i < view.size(); ++i) {
        if (view.device[i] == 0 || !view.name(i).starts_with("ncclKernel")) continue;
        ++kernels;
        if (view.dur[i] > longest) longest = view.dur[at = i];
      }
      // HTA's test reads without its step filter
      size_t all = 0;
      for (uint32_t row = 0; row < trace.size(); ++row) all += trace.name_of(row).starts_with("ncclKernel") && trace.kind(row) == Category::kKernel;
      EXPECT_EQ(all, want["ncclKernel_kernels"].get<size_t>());
      EXPECT_LE(kernels, all);
      EXPECT_EQ(trace.text_arg(Arg::kCollective, view.rows[at]), want["longest"]["collective_name"].get<std::string>());
    } else if (analysis == "triton_args") {
      ASSERT_EQ(trace.args.column(Arg::kKernelBackend).rows.size(), want["rows_with_kernel_backend"].get<size_t>());
      uint32_t row = trace.args.column(Arg::kKernelBackend).rows[0];
      EXPECT_EQ(trace.name_of(row), want["name"].get<std::string>());
      EXPECT_EQ(trace.text_arg(Arg::kKernelHash, row), want["kernel_hash"].get<std::string>());
    } else if (analysis == "trace_start_unixtime_ns") {
      int64_t first = INT64_MAX;
      for (uint32_t row : view.rows) first = std::min(first, trace.ts_ns[row]);
      EXPECT_NEAR(static_cast<double>(first + trace.base_ns() - want["value"].get<int64_t>()), 0, 1000);
    } else if (analysis == "metadata") {
      EXPECT_EQ(trace.rank(), 34);
      EXPECT_EQ(trace.world_size(), want["distributedInfo"]["world_size"].get<int>());
      EXPECT_EQ(trace.metadata["distributedInfo"]["pg_count"], want["distributedInfo"]["pg_count"]);
    } else if (analysis == "rank_detection") {
      EXPECT_EQ(trace.rank(), want.contains("warning") ? -1 : want["rank"].get<int>());
    } else if (analysis == "gpu_kernel_filter") {
      size_t waits = 0;
      for (size_t i = 0; i < view.size(); ++i) waits += view.stream(i) < 0 && (view.name(i) == "Event Sync" || view.name(i) == "Context Sync");
      EXPECT_EQ(waits, want["rows_with_stream_lt_0"].get<size_t>());
    }
  }
  EXPECT_GE(seen.size(), 17u);
}

}  // namespace
}  // namespace hasten::trace
