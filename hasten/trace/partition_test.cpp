// The time partition and the causes of idle time on traces whose accounting is done by hand.
#include "hasten/trace/partition.h"

#include "hasten/trace/critical_path.h"
#include "hasten/trace/temporal.h"
#include "hasten/trace/test_traces.h"

namespace hasten::trace {
namespace {

TEST(Partition, OverlapIsCountedOnce) {
  // compute 0-10 and 30-40; communication 5-20, 5 of it hidden; copy 18-25, 5 exposed; idle 25-30
  TraceText text;
  text.launch("gemm", -5, 1, 0, 10).launch("ncclDevKernel_AllReduce", -4, 1, 5, 15, 20);
  text.call("cudaMemcpyAsync", -3, 1, 1).work("gpu_memcpy", "Memcpy HtoD (Pinned -> Device)", 30, 18, 7, 1);
  text.launch("gemm", 27, 1, 30, 10);
  Trace trace = text.read();
  Partition parts = partition_time(make_view(trace, {}));
  EXPECT_EQ(parts.wall(), 40'000);
  EXPECT_EQ(parts.of(Part::kCompute), 20'000);
  EXPECT_EQ(parts.of(Part::kExposedCommunication), 10'000);
  EXPECT_EQ(parts.of(Part::kExposedCopy), 5'000);
  EXPECT_EQ(parts.idle(), 5'000);
  EXPECT_EQ(parts.of(Part::kIdleHostLate), 3'000);    // 25-27 not called yet, 27-28 the call
  EXPECT_EQ(parts.of(Part::kIdleDependency), 2'000);  // 28-30 on its way
  EXPECT_EQ(parts.lead_in, 5'000);
  auto temporal = temporal_breakdown(make_view(trace, {}));
  EXPECT_NEAR(*temporal->overlap_percent, 100.0 * 5 / 15, 1e-9);
}

TEST(Partition, IdleCauses) {
  TraceText text;
  text.launch("a", 0, 1, 2, 10);                                   // ends at 12
  text.call("cudaStreamSynchronize", 3, 13, 1);                    // took 13, all that the host is late by
  text.launch("b", 18, 1, 20, 5);                                  // gap 12-20: 6 sync, 1 late, 1 launch
  text.event("user_annotation", "enumerate(DataLoader)#_SingleProcessDataLoaderIter.__next__", "1", 24, 16);
  text.launch("c", 41, 1, 43, 5);                                  // gap 25-43: 15 data, 1+1 late, 1 launch
  text.launch("d", 42, 1, 60, 5);                                  // gap 48-60: launched long before: 12 dependency
  text.work("kernel", "e", 7, 70, 5, 77);                          // gap 65-70: no launch in the file
  Trace trace = text.read();
  Partition parts = partition_time(make_view(trace, {}));
  EXPECT_EQ(parts.of(Part::kCompute), 30'000);
  EXPECT_EQ(parts.of(Part::kIdleSync), 6'000);
  EXPECT_EQ(parts.of(Part::kIdleData), 15'000);
  EXPECT_EQ(parts.of(Part::kIdleHostLate), 1'000 + 2'000);
  EXPECT_EQ(parts.of(Part::kIdleDependency), 1'000 + 1'000 + 12'000);
  EXPECT_EQ(parts.of(Part::kIdleUnknown), 5'000);
  EXPECT_EQ(parts.wall(), 73'000);
}

TEST(Partition, HostOnly) {
  TraceText text;
  text.op("aten::mm", 0, 10).op("aten::add", 12, 3).op("gloo:all_reduce", 15, 5);
  text.event("user_annotation", "enumerate(DataLoader)#x", "1", 20, 4).op("aten::mm", 30, 10, "2");
  Trace trace = text.read();
  Partition parts = partition_time(make_view(trace, {}));
  EXPECT_TRUE(parts.host_only);
  EXPECT_EQ(parts.wall(), 40'000);
  EXPECT_EQ(parts.of(Part::kCompute), 23'000);
  EXPECT_EQ(parts.of(Part::kExposedCommunication), 5'000);
  EXPECT_EQ(parts.of(Part::kIdleData), 4'000);
  EXPECT_EQ(parts.of(Part::kIdleUnknown), 8'000);
}

// Nesting is of one thread: what another one computes meanwhile hides communication and waits, and is not taken from.
TEST(Partition, HostOnlyThreadsAreApart) {
  TraceText text;
  text.op("aten::mm", 0, 20).op("gloo:all_reduce", 5, 5);                               // 15 of its own
  text.op("gloo:all_reduce", 0, 30, "2").event("user_annotation", "next_batch", "2", 30, 10);
  text.op("aten::mm", 32, 4, "3");
  Trace trace = text.read();
  Partition parts = partition_time(make_view(trace, {}));
  EXPECT_EQ(parts.wall(), 40'000);
  EXPECT_EQ(parts.of(Part::kCompute), 15'000 + 4'000);
  EXPECT_EQ(parts.of(Part::kExposedCommunication), 5'000 + 10'000);  // 5-10 and 20-30
  EXPECT_EQ(parts.of(Part::kIdleData), 6'000);
  EXPECT_EQ(parts.of(Part::kIdleUnknown), 0);
}

TEST(Partition, OnlyTheLaunchingThreadsWaitsCount) {
  TraceText text;
  text.launch("a", 0, 1, 2, 10);
  text.event("user_annotation", "enumerate(DataLoader)#x.__next__", "2", 12, 10);  // another thread fetches
  text.call("cudaDeviceSynchronize", 1, 20, 1, "3");                               // and a third one waits
  text.launch("b", 30, 1, 31, 10);
  Trace trace = text.read();
  View view = make_view(trace, {});
  Partition parts = partition_time(view);
  EXPECT_EQ(parts.of(Part::kIdleHostLate), 19'000);
  EXPECT_EQ(parts.of(Part::kIdleData), 0);
  EXPECT_EQ(parts.of(Part::kIdleSync), 0);
  EXPECT_EQ(critical_path(view).of(PathKind::kData), 0);
}

// The device ran dry while the host waited: it cannot have queued ahead, also after the call is back.
TEST(Partition, AWaitAlsoCausesTheLatenessBehindIt) {
  TraceText text;
  text.launch("a", 0, 1, 2, 10).call("cudaStreamSynchronize", 6, 7, 1);  // 6-13; dry from 12
  text.launch("b", 30, 1, 31, 9);                                        // gap 12-31: 7 sync, 11+1 late
  text.call("cudaStreamSynchronize", 38, 2, 2);                          // until the very end of b, at 40
  text.event("user_annotation", "next_batch", "1", 41, 3);
  text.launch("c", 50, 1, 51, 9);                                        // gap 40-51: sync 40-41, data, 41-44, late
  text.call("cudaStreamSynchronize", 52, 4, 3);                          // back before c's end, at 60: not its cause
  text.launch("d", 65, 1, 66, 4);
  Trace trace = text.read();
  View view = make_view(trace, {});
  Partition parts = partition_time(view);
  EXPECT_EQ(parts.of(Part::kIdleSync), 7'000 + 1'000);
  EXPECT_EQ(parts.of(Part::kIdleData), 3'000);
  EXPECT_EQ(parts.of(Part::kIdleHostLate), 12'000 + 7'000 + 6'000);
  EXPECT_EQ(parts.idle(), 19'000 + 11'000 + 6'000);
}

// A copy to pageable memory returns when it is done: the partition and the path both know.
TEST(Partition, PageableCopiesWait) {
  TraceText text;
  text.launch("a", 0, 1, 2, 10);
  text.call("cudaMemcpyAsync", 3, 12, 1).work("gpu_memcpy", "Memcpy DtoH (Device -> Pageable)", 7, 12, 2, 1);
  text.launch("b", 20, 1, 21, 5);  // gap 14-21: 6 while or since the copy held the host, 1 the call
  Trace trace = text.read();
  View view = make_view(trace, {});
  Partition parts = partition_time(view);
  EXPECT_EQ(parts.of(Part::kIdleSync), 6'000);
  EXPECT_EQ(parts.of(Part::kIdleHostLate), 1'000);
  EXPECT_EQ(critical_path(view).of(PathKind::kSynchronize), 1'000);  // 14-15
}

// Two devices in one file, as a process that drives both writes: neither hides what the other idles.
TEST(Partition, EachDeviceIsDividedByItself) {
  auto on = [](TraceText& text, int device, const char* kernel, double call_ts, double ts, double dur, int id) {
    text.call("cudaLaunchKernel", call_ts, 1, id);
    text.event("kernel", kernel, "7", ts, dur, cat("\"device\": ", device, ", \"stream\": 7, \"correlation\": ", id));
  };
  TraceText text;
  on(text, 1, "b", 12, 20, 10, 1);   // device 1: idle 0-20 (12 late, 1 call, 7 on its way), and nothing after 30
  on(text, 0, "a", -2, 0, 30, 2);    // device 0: idle 30-40 (5 late, 1 call, 4 on its way)
  on(text, 0, "c", 35, 40, 10, 3);
  Trace trace = text.read();
  View view = make_view(trace, {});
  Partition parts = partition_time(view);
  EXPECT_EQ(parts.end - parts.begin, 50'000);
  EXPECT_EQ(parts.wall(), 100'000);
  ASSERT_EQ(parts.devices.size(), 2u);
  EXPECT_EQ(parts.devices[0].number, 0);
  EXPECT_EQ(parts.devices[1].number, 1);
  EXPECT_EQ(parts.of(Part::kCompute), 50'000);
  EXPECT_EQ(parts.of(Part::kIdleHostLate), 6'000 + 13'000);
  EXPECT_EQ(parts.of(Part::kIdleDependency), 4'000 + 7'000);
  EXPECT_EQ(parts.of(Part::kIdleUnknown), 20'000);
  std::vector<Interval> gaps;
  for (size_t k = 0; k < parts.gaps.size(); ++k) gaps.push_back(parts.gap(view, k));
  EXPECT_EQ(gaps, (std::vector<Interval>{
                      {30'000, 36'000}, {36'000, 40'000}, {0, 13'000}, {13'000, 20'000}, {30'000, 50'000}}));
  EXPECT_EQ(parts.gaps_end(0), 2u);
  EXPECT_EQ(parts.gaps_end(1), 5u);
  EXPECT_EQ(idle_label(view, parts, 1), "device 1 idle");
  // TraceLens takes them together.
  Partition together = partition_time(make_view(trace, {.semantics = Semantics::kTraceLens}));
  EXPECT_EQ(together.wall(), 50'000'000);
  EXPECT_EQ(together.of(Part::kCompute), 40'000'000);
  EXPECT_EQ(idle_label(view, together, 0), "device idle");
}

// Work that does not say its device is not another device.
TEST(Partition, WorkWithoutADeviceCountsForTheFirst) {
  TraceText text;
  text.launch("a", 0, 1, 2, 10).event("kernel", "b", "7", 12, 8, "\"stream\": 7");
  Trace trace = text.read();
  Partition parts = partition_time(make_view(trace, {}));
  ASSERT_EQ(parts.devices.size(), 1u);
  EXPECT_EQ(parts.devices[0].number, 0);
  EXPECT_EQ(parts.idle(), 0);
}

TEST(Partition, NothingAtAll) {
  Trace trace = TraceText().read();
  EXPECT_EQ(partition_time(make_view(trace, {})).wall(), 0);
  EXPECT_EQ(critical_path(make_view(trace, {})).segments.size(), 0u);
}

}  // namespace
}  // namespace hasten::trace
