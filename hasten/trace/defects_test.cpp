// What HolisticTraceAnalysis gets wrong on real traces, done right here: one test for each defect that was found by
// running it (rounding, documentation, waits as work, idle per stream, path that does not cover, contradictions, graphs,
// AMD and Triton launches, loose tolerances).
#include <algorithm>

#include "hasten/trace/critical_path.h"
#include "hasten/trace/partition.h"
#include "hasten/trace/streams.h"
#include "hasten/trace/temporal.h"
#include "hasten/trace/test_traces.h"

namespace hasten::trace {
namespace {

// a. Nanoseconds rounded to microseconds before the union: short kernels and copies lose most of their time.
TEST(HtaDefects, NanosecondsAreKept) {
  TraceText text;
  for (int i = 0; i < 100; ++i) text.launch("k", i * 10, 1, i * 10 + 2.4, 1.3);
  Trace trace = text.read();
  auto exact = temporal_breakdown(make_view(trace, {}));
  auto hta = temporal_breakdown(make_view(trace, {.semantics = Semantics::kHta}));
  EXPECT_EQ(exact->compute, 100 * 1'300);
  EXPECT_EQ(hta->compute, 0);  // 2.4 to 3.7 becomes 3 to 3
}

// b. The threshold for a device's own delay is what it is said to be: given in nanoseconds, used in nanoseconds.
TEST(HtaDefects, KernelDelayIsInNanoseconds) {
  TraceText text;
  text.launch("a", 0, 0.1, 1, 1).launch("b", 0.2, 0.1, 2.02, 1).launch("c", 0.4, 0.1, 3.07, 1);
  Trace trace = text.read();
  auto idle = idle_by_stream(make_view(trace, {}), 30);
  EXPECT_EQ(idle[0].kernel_wait, 20);
  EXPECT_EQ(idle[0].other, 50);
}

// c. Waits in the cuda_sync category are not work, and do not lengthen the window.
TEST(HtaDefects, WaitsAreNotWork) {
  TraceText text;
  text.launch("a", 0, 1, 2, 10).call("cudaStreamSynchronize", 3, 50, 5);
  text.event("cuda_sync", "Stream Sync", "7", 4, 48, "\"stream\": 7, \"correlation\": 5, \"device\": 0");
  Trace trace = text.read();
  auto exact = temporal_breakdown(make_view(trace, {}));
  EXPECT_EQ(exact->kernel_time, 10'000);
  EXPECT_EQ(exact->non_compute, 0);
  EXPECT_EQ(temporal_breakdown(make_view(trace, {.semantics = Semantics::kHta}))->kernel_time, 50);
}

// d. A side stream that is mostly empty says nothing about a device that is busy, nor do two that work by turns.
TEST(HtaDefects, IdleIsOfTheDevice) {
  TraceText text;
  text.launch("gemm", 0, 1, 10, 490).launch("gemm", 3, 1, 700, 290);
  text.launch("ncclDevKernel_AllReduce", 2, 1, 500, 200, 20).launch("ncclDevKernel_AllReduce", 996, 1, 1000, 5, 20);
  Trace trace = text.read();
  View view = make_view(trace, {});
  Partition parts = partition_time(view);
  EXPECT_EQ(parts.idle(), 10'000);  // 990 to 1000, though each stream idles for hundreds of microseconds
  EXPECT_EQ(parts.of(Part::kIdleHostLate), 7'000);  // called at 996, back at 997
  EXPECT_EQ(parts.of(Part::kIdleDependency), 3'000);
  ASSERT_EQ(parts.gaps.size(), 2u);
  EXPECT_EQ(parts.gap(view, 0), (Interval{990'000, 997'000}));
  EXPECT_EQ(parts.gap(view, 1), (Interval{997'000, 1'000'000}));
  auto streams = idle_by_stream(view, 30'000);
  auto idle_of = [&](int64_t stream) {
    auto found = std::find_if(streams.begin(), streams.end(), [&](const auto& s) { return s.id.stream == stream; });
    return found->host_wait + found->kernel_wait + found->other;
  };
  EXPECT_EQ(idle_of(7), 200'000);  // still there, per stream
  EXPECT_EQ(idle_of(20), 300'000);
}

// e. The critical path covers the window without gap or overlap, and what it cannot explain is a part of it.
TEST(HtaDefects, PathCoversTheWindow) {
  TraceText text;
  text.op("a", 0, 10).launch("k", 30, 2, 40, 20).op("b", 100, 5);
  Trace trace = text.read();
  CriticalPath path = critical_path(make_view(trace, {}));
  std::vector<std::pair<int64_t, PathKind>> ends;
  int64_t at = 0;
  for (size_t k = 0; k < path.segments.size(); ++k) {
    EXPECT_EQ(path.segments[k].begin, at);
    at = path.end_of(k);
    ends.emplace_back(at / 1000, path.segments[k].kind);
  }
  using enum PathKind;
  EXPECT_EQ(ends, (std::vector<std::pair<int64_t, PathKind>>{
                      {10, kHost}, {30, kUnexplained}, {32, kHost}, {100, kUnexplained}, {105, kHost}}));
  EXPECT_EQ(path.of(kHost), 17'000);
  EXPECT_EQ(path.of(kUnexplained), 88'000);
}

// f. Path and partition do not contradict each other: a device that is starved shows as host in both.
TEST(HtaDefects, PathAndIdleAgree) {
  TraceText text;
  for (int i = 0; i < 20; ++i) text.op("aten::add", i * 100, 98).launch("k", i * 100 + 90, 5, i * 100 + 96, 2);
  Trace trace = text.read();
  View view = make_view(trace, {});
  Partition parts = partition_time(view);
  CriticalPath path = critical_path(view);
  EXPECT_GT(parts.of(Part::kIdleHostLate), parts.wall() * 9 / 10);
  EXPECT_GT(path.of(PathKind::kHost), (path.end - path.begin) * 9 / 10);
}

// g. Kernels of a captured graph share one launch: all count as launched, queued, and can be on the path.
TEST(HtaDefects, GraphKernelsAreKept) {
  TraceText text;
  text.call("cudaGraphLaunch", 0, 5, 9);
  for (int i = 0; i < 5; ++i) text.work("kernel", "k", 7, 10 + 20 * i, 20, 9);
  text.call("cudaDeviceSynchronize", 6, 106, 10);
  Trace trace = text.read();
  View view = make_view(trace, {});
  LaunchStats launches = launch_stats(view);
  EXPECT_EQ(launches.work.size(), 5u);
  EXPECT_EQ(launches.graph_kernels, 5u);
  EXPECT_EQ(queue_lengths(view)[0].summary.max, 5);
  EXPECT_EQ(critical_path(view).of(PathKind::kCompute), 100'000);
}

// g, h. Launch calls are known by what they did, not by a list of names.
TEST(HtaDefects, LaunchesOfEveryKindCount) {
  TraceText text;
  int correlation = 0;
  for (const char* name :
       {"hipLaunchKernel", "hipExtModuleLaunchKernel", "hipMemcpyWithStream", "cuLaunchKernelEx", "someFutureLaunch"}) {
    ++correlation;
    text.call(name, correlation * 10, 2, correlation).work("kernel", "k", 3, correlation * 10 + 5, 3, correlation);
  }
  text.event("cuda_driver", "cuLaunchKernel", "1", 100, 2, "\"correlation\": 50")
      .work("kernel", "triton_", 3, 105, 3, 50);
  Trace trace = text.read();
  EXPECT_EQ(launch_stats(make_view(trace, {})).work.size(), 6u);
  EXPECT_EQ(launch_stats(make_view(trace, {.semantics = Semantics::kHta})).work.size(), 0u);
}

// h. On the AMD and Triton traces where HTA's table is empty.
TEST(HtaDefects, LaunchesOnAmdAndTritonTraces) {
  HASTEN_NEEDS_SHARED_TRACES()
  Trace amd = read_trace(shared_traces() / "tracelens/tests/traces/mi210/gpu_only_trace/gpu_only_trace.json.gz");
  View view = make_view(amd, {});
  EXPECT_EQ(launch_stats(view).work.size(), view.device_rows().size());
  Trace triton = read_trace(shared_traces() / "hta/triton_example/triton_example.json.gz");
  EXPECT_EQ(launch_stats(make_view(triton, {})).work.size(), 1u);
}

// TraceLens leaves out kernels that no operator launched, by default and without a word; here it is an option, and counted.
TEST(TraceLensDefects, UnlinkedKernelsAreKeptUnlessAskedFor) {
  // Each kernel has a duration of its own, so that a sum says which of them are in it.
  TraceText text;
  text.op("outer", 0, 10).op("inner", 1, 2);
  text.launch("inside, behind the inner operator", 5, 1, 100, 1).launch("inside, at its start", 0, 1, 200, 2);
  text.launch("at the operator's end", 10, 1, 300, 4).launch("outside", 20, 1, 400, 8);
  text.call("cudaLaunchKernel", 5, 1, 1, "2").work("kernel", "from a thread without operators", 7, 500, 16, 1);
  text.work("kernel", "launched before the trace", 7, 600, 32, 77);
  Trace trace = text.read();
  View all = make_view(trace, {}), linked = make_view(trace, {.drop_unlinked = true});
  EXPECT_EQ(partition_time(all).of(Part::kCompute), 63'000);
  EXPECT_EQ(all.outside_operators, 0);
  EXPECT_EQ(partition_time(linked).of(Part::kCompute), 3'000);
  EXPECT_EQ(linked.outside_operators, 4);
}

}  // namespace
}  // namespace hasten::trace
