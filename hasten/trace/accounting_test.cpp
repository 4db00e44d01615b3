// Idle causes by stream, launches, operators and the critical path on traces whose accounting is done by hand.
#include <map>

#include "hasten/base/error.h"
#include "hasten/trace/call_stack.h"
#include "hasten/trace/critical_path.h"
#include "hasten/trace/kernels.h"
#include "hasten/trace/operators.h"
#include "hasten/trace/ranks.h"
#include "hasten/trace/streams.h"
#include "hasten/trace/test_traces.h"
#include "hasten/trace/tie_order.h"

namespace hasten::trace {
namespace {

TEST(Path, DataIsOfItsOwnThread) {
  TraceText text;
  text.op("a", 0, 10).event("user_annotation", "next_batch", "1", 20, 15).op("b", 35, 5);
  text.op("elsewhere", 0, 12, "2").event("user_annotation", "next_batch", "2", 12, 28);
  Trace trace = text.read();
  CriticalPath path = critical_path(make_view(trace, {}));
  EXPECT_EQ(path.of(PathKind::kHost), 17'000);  // 35-40, and what came last before on any thread: until 12
  EXPECT_EQ(path.of(PathKind::kData), 15'000);
  EXPECT_EQ(path.of(PathKind::kUnexplained), 8'000);
}

TEST(Path, FollowsTheBlockingCallToTheKernel) {
  // host 0-10, launch call 10-12, kernel 15-50, sync 12-51, host 51-60
  TraceText text;
  text.op("aten::mm", 0, 12).call("cudaLaunchKernel", 10, 2, 5).work("kernel", "k", 7, 15, 35, 5);
  text.call("cudaDeviceSynchronize", 12, 39, 6).op("aten::add", 51, 9);
  Trace trace = text.read();
  CriticalPath path = critical_path(make_view(trace, {}));
  EXPECT_EQ(path.end - path.begin, 60'000);
  EXPECT_EQ(path.of(PathKind::kHost), 21'000);
  EXPECT_EQ(path.of(PathKind::kLaunch), 3'000);
  EXPECT_EQ(path.of(PathKind::kCompute), 35'000);
  EXPECT_EQ(path.of(PathKind::kSynchronize), 1'000);
  EXPECT_EQ(path.of(PathKind::kUnexplained), 0);
}

TEST(Path, SaysWhatItCannotExplain) {
  TraceText text;
  text.op("a", 0, 10).op("b", 40, 10);
  Trace trace = text.read();
  CriticalPath path = critical_path(make_view(trace, {}));
  EXPECT_EQ(path.of(PathKind::kHost), 20'000);
  EXPECT_EQ(path.of(PathKind::kUnexplained), 30'000);
}

TEST(Queues, LengthAndTimeFull) {
  TraceText text;
  text.launch("a", 0, 1, 10, 10).launch("b", 1, 1, 20, 10).launch("c", 2, 1, 30, 10);
  Trace trace = text.read();
  auto queues = queue_lengths(make_view(trace, {}), 3);
  ASSERT_EQ(queues.size(), 1u);
  EXPECT_EQ(queues[0].summary.max, 3);
  EXPECT_EQ(queues[0].blocked, 8'000);  // from the third launch at 2 to the first start at 10
}

TEST(Idle, HtaRowsAndThreshold) {
  TraceText text;
  text.launch("a", 0, 1, 10, 10).launch("b", 1, 1, 25, 5).launch("c", 2, 1, 65, 5).launch("d", 80, 1, 90, 5);
  Trace trace = text.read();
  auto idle = idle_by_stream(make_view(trace, {}), 30'000);
  ASSERT_EQ(idle.size(), 1u);
  EXPECT_EQ(idle[0].kernel_wait, 5'000);
  EXPECT_EQ(idle[0].other, 35'000);
  EXPECT_EQ(idle[0].host_wait, 20'000);
}

TEST(Operators, SelfAndDeviceTime) {
  TraceText text;
  text.op("outer", 0, 100).op("inner", 10, 20).call("cudaLaunchKernel", 12, 2, 5).work("kernel", "k", 7, 40, 7, 5);
  text.call("cudaLaunchKernel", 50, 2, 6).work("kernel", "k2", 7, 60, 3, 6);
  Trace trace = text.read();
  View view = make_view(trace, {});
  auto rows = operators(view, nest_host_events(view));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].name, "inner");
  EXPECT_EQ(rows[0].device_self, 7'000);
  EXPECT_EQ(rows[0].self, 18'000);
  EXPECT_EQ(rows[1].device_self, 3'000);
  EXPECT_EQ(rows[1].device, 10'000);
  EXPECT_EQ(rows[1].self, 78'000);
}

TEST(Annotations, StepsAreOneRowAndDeviceTimeIsOfAllAround) {
  TraceText text;
  text.event("user_annotation", "ProfilerStep#1", "1", 0, 100, "").event("user_annotation", "forward", "1", 10, 60, "");
  text.op("aten::mm", 20, 30).call("cudaLaunchKernel", 22, 2, 5).work("kernel", "k", 7, 40, 7, 5);
  text.event("user_annotation", "ProfilerStep#2", "1", 100, 50, "");
  Trace trace = text.read();
  View view = make_view(trace, {.include_last_step = true});
  auto rows = annotations(view, nest_host_events(view));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].name, "ProfilerStep");
  EXPECT_EQ(rows[0].count, 2u);
  EXPECT_EQ(rows[0].total, 150'000);
  EXPECT_EQ(rows[0].self, 90'000);
  EXPECT_EQ(rows[0].device, 7'000);
  EXPECT_EQ(rows[1].name, "forward");
  EXPECT_EQ(rows[1].self, 30'000);
  EXPECT_EQ(rows[1].device, 7'000);
}

TEST(Nesting, ChildrenThatOutlastTheirParentsAreCountedAndCut) {
  TraceText text;
  text.op("outer", 0, 20).op("child", 5, 20).op("grandchild", 8, 30);  // each ends later than the one around it
  text.op("after", 40, 10).op("to the end", 45, 5);                      // ends with its parent: not longer
  text.op("elsewhere", 2, 100, "2");                                     // another thread's
  text.launch("kernel", 6, 1, 9, 500);                                   // and device work are not children
  Trace trace = text.read();
  View view = make_view(trace, {});
  HostNesting nesting = nest_host_events(view);
  EXPECT_EQ(nesting.outlasting, 2);
  std::map<std::string, size_t> place;
  for (size_t i = 0; i < view.size(); ++i) place[std::string(view.name(i))] = i;
  auto parent = [&](const char* name) { return nesting.parent[place[name]]; };
  EXPECT_EQ(parent("child"), static_cast<int32_t>(place["outer"]));
  EXPECT_EQ(parent("grandchild"), static_cast<int32_t>(place["child"]));
  EXPECT_EQ(parent("elsewhere"), -1);
  EXPECT_EQ(nesting.self[place["outer"]], 5'000);         // the child counts up to the parent's end
  EXPECT_EQ(nesting.self[place["child"]], 20'000 - 18'000);  // of it the call takes 1, the grandchild 17
  EXPECT_EQ(nesting.self[place["grandchild"]], 30'000);
}

TEST(Operators, RooflineByShape) {
  TraceText text;
  text.meta("\"deviceProperties\": [{\"name\": \"NVIDIA H100 80GB HBM3\"}]");
  std::string types = ", \"Input type\": [\"c10::BFloat16\", \"c10::BFloat16\"]";
  text.event("cpu_op", "aten::mm", "1", 0, 5, "\"Input Dims\": [[4096, 4096], [4096, 4096]]" + types);
  text.event("cpu_op", "aten::add", "1", 6, 5, "\"Input Dims\": [[4096, 4096], [4096, 4096]]" + types);
  Trace trace = text.read();
  View view = make_view(trace, {});
  for (const OperatorRow& row : operators(view, nest_host_events(view))) {
    bool mm = row.name == "aten::mm";
    EXPECT_EQ(row.flops, mm ? 2.0 * 4096 * 4096 * 4096 : 4096.0 * 4096);
    EXPECT_EQ(row.bytes, 2.0 * 3 * 4096 * 4096);
    EXPECT_EQ(row.roofline, mm ? Roofline::kMath : Roofline::kBandwidth);
  }
}

TEST(Patterns, CountsSequences) {
  TraceText text;
  for (int i = 0; i < 3; ++i) {
    double at = i * 100;
    text.op("aten::linear", at, 50);
    for (int k = 0; k < 3; ++k) text.launch(cat("k", k), at + 5 + 10 * k, 1, at + 40 + 10 * k, 5);
  }
  text.op("aten::linear", 300, 50).launch("alone", 310, 1, 320, 2);
  Trace trace = text.read();
  auto rows = frequent_patterns(make_view(trace, {}), "linear");
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].pattern, "aten::linear|k0|k1|k2");
  EXPECT_EQ(rows[0].count, 3u);
  EXPECT_EQ(rows[0].device, 45'000);
}

TEST(Ranks, WireTimeAndSkew) {
  // Rank 1 always comes last: its calls take 10, the other's 10 + its wait.
  std::vector<Trace> traces;
  for (int rank = 0; rank < 2; ++rank) {
    TraceText text;
    for (int i = 0; i < 5; ++i) {
      int late = rank == 1 ? 6 : 0;
      text.call("cudaLaunchKernel", i * 100, 1, i + 1);
      text.work("kernel", "ncclDevKernel_AllReduce_Sum_f32_RING_LL", 20, i * 100 + 5 + late, 16 - late, i + 1,
                ", \"Collective name\": \"allreduce\", \"In msg nelems\": 1000, \"dtype\": \"Float\"");
    }
    traces.push_back(text.read());
  }
  View a = make_view(traces[0], {}), b = make_view(traces[1], {});
  Ranks ranks = compare_ranks({&a, &b}, {0, 1});
  ASSERT_EQ(ranks.collectives.size(), 1u);
  EXPECT_EQ(ranks.collectives[0].name, "allreduce");
  EXPECT_EQ(ranks.collectives[0].wire_ns, 50'000);
  EXPECT_EQ(ranks.collectives[0].skew_ns, 15'000);
  EXPECT_EQ(ranks.collectives[0].bytes, 20'000);
  EXPECT_EQ(ranks.ranks[0].waited_ns, 30'000);
  EXPECT_EQ(ranks.stragglers, std::vector<int>{1});
  View a_ps = make_view(traces[0], {.semantics = Semantics::kTraceLens});  // in other ticks, the same nanoseconds
  View b_ps = make_view(traces[1], {.semantics = Semantics::kTraceLens});
  EXPECT_EQ(compare_ranks({&a_ps, &b_ps}, {0, 1}).collectives[0].wire_ns, 50'000);
}

TEST(Ranks, FilesWithoutARankTakeFreeNumbers) {
  EXPECT_EQ(assign_ranks({1, -1, 1, 0, -1}), (std::vector<int>{1, 2, 3, 0, 4}));
  EXPECT_EQ(assign_ranks({-1, -1}), (std::vector<int>{0, 1}));
}

TEST(TieOrder, SortsAndKeepsEveryIndex) {
  std::vector<int64_t> keys;
  for (int i = 0; i < 5000; ++i) keys.push_back((i * 7919) % 37);
  for (int i = 0; i < 5000; ++i) keys.push_back(i / 10);  // long ascending runs: bad pivots
  std::vector<uint32_t> order = numpy_order(keys);
  std::vector<uint8_t> seen(keys.size());
  for (size_t k = 0; k < order.size(); ++k) {
    EXPECT_EQ(seen[order[k]]++, 0);
    if (k > 0) {
      EXPECT_LE(keys[order[k - 1]], keys[order[k]]);
    }
  }
}

}  // namespace
}  // namespace hasten::trace
