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
  for (const Json& row : want)
    expected[{row["stream"].get<int64_t>(), row["idle_category"].get<std::string>()}] = row["idle_time"].get<double>();
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
      return r.name == row["name"].get<std::string>() &&
             kernel_type_name(r.type) == row["kernel_type"].get<std::string>();
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
    auto found = std::find_if(queues.begin(), queues.end(),
                              [&](const StreamQueue& q) { return q.id.stream == row["stream/"].get<int>(); });
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
  near(static_cast<double>(got.work.size()), want["n"], "n");
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
    if (want["data_load_events"].is_array())
      options.data_events = want["data_load_events"].get<std::vector<std::string>>();
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

// Without the edges of weight 0 that the values above are for.
TEST(HtaOracle, CriticalPathByItsOwnDefault) {
  HASTEN_NEEDS_SHARED_TRACES()
  Trace trace = read_trace(shared_traces() / "hta/trace_diff/test/test.json.gz");
  EXPECT_EQ(hta_critical_path(hta_view(trace), {"ProfilerStep", 1, {}, false}).length, 77'056);
  EXPECT_EQ(hta_critical_path(hta_view(trace), {"ProfilerStep", 1, {}, true}).length, 81'967);
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
      auto found = std::find_if(rows.begin(), rows.end(),
                                [&](const Difference& r) { return r.name == top[0].get<std::string>(); });
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
      EXPECT_NEAR(static_cast<double>(got.of(Part::kExposedCommunication)) * 1e-9,
                  ms["exposed_comm_time"].get<double>(), tolerance);
      EXPECT_NEAR(static_cast<double>(got.of(Part::kExposedCopy)) * 1e-9, ms["exposed_memcpy_time"].get<double>(),
                  tolerance);
      EXPECT_NEAR(static_cast<double>(got.busy()) * 1e-9, ms["busy_time"].get<double>(), tolerance);
      EXPECT_NEAR(static_cast<double>(got.idle()) * 1e-9, ms["idle_time"].get<double>(), tolerance);
      EXPECT_NEAR(static_cast<double>(got.wall()) * 1e-9, ms["total_time"].get<double>(), tolerance);
    };
    bool drops = want["max_abs_diff_ms"].get<double>() > 1;  // where TraceLens leaves kernels out
    check(partition_time(make_view(trace, {.semantics = Semantics::kTraceLens, .drop_unlinked = drops})),
          want["reference_ms"], 5e-5);
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
      for (size_t k = 0; k < path.segments.size(); ++k) {
        EXPECT_EQ(path.segments[k].begin, at);
        EXPECT_LT(at, path.end_of(k));
        at = path.end_of(k);
      }
      EXPECT_EQ(at, path.end);
      int64_t idle = 0;
      for (size_t d = 0, k = 0; d < parts.devices.size(); ++d) {
        for (; k < parts.gaps_end(d); ++k) {
          Interval gap = parts.gap(view, k);
          EXPECT_LT(gap.begin, gap.end);
          EXPECT_LE(gap.end, k + 1 < parts.gaps_end(d) ? parts.gaps[k + 1].begin : parts.end);
          idle += gap.end - gap.begin;
        }
      }
      EXPECT_EQ(idle, parts.host_only ? 0 : parts.idle());
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

}  // namespace
}  // namespace hasten::trace
