// Streams of several devices, launches of graphs, copies by direction, HTA's edges from launches.
#include "hasten/trace/streams.h"

#include <algorithm>
#include <limits>

#include "hasten/trace/kernels.h"
#include "hasten/trace/path_graph.h"
#include "hasten/trace/test_traces.h"

namespace hasten::trace {
namespace {

TEST(Launches, OfAGraphCountOnce) {
  TraceText text;
  text.call("cudaGraphLaunch", 0, 50, 9);
  for (int i : {2, 0, 1}) text.work("kernel", "k", 7, 60 + 20 * i, 20, 9);  // the first is not first in the file
  text.launch("alone", 130, 1, 135, 5);
  Trace trace = text.read();
  LaunchStats stats = launch_stats(make_view(trace, {}));
  EXPECT_EQ(stats.work.size(), 4u);
  EXPECT_EQ(stats.launches, 2u);
  EXPECT_EQ(stats.host_ticks, 51'000);
  EXPECT_EQ(stats.device_ticks, 65'000);
  EXPECT_EQ(stats.delay_ticks, 10'000 + 4'000);
  EXPECT_EQ(stats.median_delay, 7'000);
  EXPECT_EQ(stats.shorter_than_launch, 1u);
  EXPECT_EQ(stats.graph_launches, 1u);
  EXPECT_EQ(stats.graph_kernels, 3u);
}

TEST(Streams, AreToldApartByTheTimelineWhereArgumentsAreMissing) {
  auto kernel = [](const std::string& pid, const std::string& more) {
    return "{\"ph\": \"X\", \"cat\": \"kernel\", \"name\": \"k\", \"pid\": " + pid +
           ", \"tid\": 7, \"ts\": 1, \"dur\": 2, \"args\": {" + more + "}}";
  };
  TraceText text;
  text.raw(kernel("0", "\"stream\": 7")).raw(kernel("1", "\"stream\": 7")).raw(kernel("1", ""));
  text.raw(kernel("\"GPU A\"", "\"stream\": 9")).raw(kernel("5", "\"stream\": 7, \"device\": 3"));
  Trace trace = text.read();
  View view = make_view(trace, {});
  EXPECT_EQ(stream_of(view, 0), (StreamId{0, 7}));
  EXPECT_EQ(stream_of(view, 1), (StreamId{1, 7}));
  EXPECT_EQ(stream_of(view, 2), (StreamId{1, 7}));
  EXPECT_EQ(stream_of(view, 4), (StreamId{3, 7}));
  EXPECT_TRUE(on_several_devices(view));
  EXPECT_EQ(stream_name(view, stream_of(view, 1), true), "device 1, stream 7");
  EXPECT_EQ(stream_name(view, stream_of(view, 1), false), "stream 7");
  EXPECT_EQ(stream_name(view, stream_of(view, 3), true), "device GPU A, stream 9");
  EXPECT_EQ(idle_by_stream(view, 1).size(), 4u);
}

TEST(Copies, OfAmdHaveADirection) {
  TraceText text;
  int correlation = 0;
  for (const char* name :
       {"CopyHostToDevice", "CopyDeviceToHost", "CopyDeviceToDevice", "Memcpy HtoD (Pinned -> Device)"}) {
    ++correlation;
    text.call("hipMemcpyWithStream", correlation * 10, 2, correlation);
    text.work("gpu_memcpy", name, 3, correlation * 10 + 5, 3, correlation, ", \"bytes\": 3000");
  }
  Trace trace = text.read();
  std::vector<std::string> names;
  std::vector<size_t> counts;
  for (const CopyRow& row : copies(make_view(trace, {}))) {
    names.push_back(row.name);
    counts.push_back(row.count);
  }
  EXPECT_EQ(names, (std::vector<std::string>{"Memcpy DtoD", "Memcpy DtoH", "Memcpy HtoD"}));
  EXPECT_EQ(counts, (std::vector<size_t>{1, 1, 2}));
}

TEST(Copies, SizesThatNoCopyHasStayInRange) {
  TraceText text;
  int correlation = 0;
  for (const char* bytes : {"9223372036854775807", "4096", "-5"}) {
    ++correlation;
    text.call("cudaMemcpyAsync", correlation * 10, 2, correlation);
    text.work("gpu_memcpy", "Memcpy HtoD (Pinned -> Device)", 3, correlation * 10 + 5, 3, correlation,
              std::string(", \"bytes\": ") + bytes);
  }
  Trace trace = text.read();
  std::vector<CopyRow> rows = copies(make_view(trace, {}));
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].count, 3u);
  EXPECT_EQ(rows[0].bytes, std::numeric_limits<int64_t>::max());
}

// The second kernel waits in the queue: only the edge of weight 0 ties it to its launch.
TEST(HtaPath, EdgesOfWeightZeroCanBeLeftOut) {
  TraceText text;
  text.op("a", 0, 200).launch("k1", 10, 5, 20, 50).launch("k2", 30, 5, 70, 20);
  Trace trace = text.read();
  View view = hta_view(trace);
  auto launches = [&](bool zero_edges) {
    PathOptions options;
    options.zero_launch_edges = zero_edges;
    PathGraph graph = hta_critical_path(view, options);
    return std::count_if(graph.edges.begin(), graph.edges.end(),
                         [](const PathEdge& edge) { return edge.type == PathEdgeType::kLaunchDelay; });
  };
  EXPECT_EQ(launches(true), 2);
  EXPECT_EQ(launches(false), 1);
}

}  // namespace
}  // namespace hasten::trace
