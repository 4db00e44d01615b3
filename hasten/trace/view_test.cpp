// What of a trace an analysis sees: steps, work without a launch, markers, and what rows are for.
#include "hasten/trace/view.h"

#include "hasten/trace/critical_path.h"
#include "hasten/trace/kernels.h"
#include "hasten/trace/partition.h"
#include "hasten/trace/streams.h"
#include "hasten/trace/test_traces.h"

namespace hasten::trace {
namespace {

// Event records and counter samples stand on streams, and some have correlations: they are not work.
TEST(View, MarkersAreNotWork) {
  TraceText text;
  text.launch("a", 0, 1, 2, 10).call("cudaEventRecord", 3, 1, 1).call("cudaGraphLaunch", 5, 1, 2);
  text.work("cuda_event", "Event record", 7, 40, 1, 1).work("external_correlation", "x", 7, 41, 1, 2);
  for (const char* kind : {"hardware_counters", "gpu_pm_counter", "cpu_instant_event"})
    text.work(kind, "x", 7, 50, 5, 3);
  Trace trace = text.read();
  for (Semantics semantics : {Semantics::kExact, Semantics::kTraceLens}) {
    View view = make_view(trace, {.semantics = semantics});
    EXPECT_EQ(view.device_rows().size(), 1u);
    EXPECT_EQ(launch_stats(view).work.size(), 1u);
    EXPECT_EQ(queue_lengths(view)[0].summary.count, 2u);
    EXPECT_EQ(kernels_by_name(view).size(), 1u);
    EXPECT_EQ(partition_time(view).idle(), 0);
    for (size_t i = 0; i < view.size(); ++i)
      EXPECT_EQ(view.host(i), view.kind(i) == Category::kRuntime) << view.name(i);
    CriticalPath path = critical_path(view);
    EXPECT_EQ(view.ns(path.end - path.begin), 12'000);
  }
}

TEST(View, LastStepIsLeftOutAndCounted) {
  TraceText text;
  text.step(1, 0, 100).launch("a", 10, 1, 20, 5).step(2, 100, 100).launch("b", 150, 1, 160, 5);
  text.work("kernel", "before the profiler", 7, 1, 2, 999);
  Trace trace = text.read();
  View view = make_view(trace, {});
  EXPECT_EQ(view.device_rows().size(), 1u);
  EXPECT_EQ(view.steps_in_file, 2);
  EXPECT_EQ(view.unlinked_left_out, 1);
  EXPECT_EQ(view.left_out_last_step, 4);  // step 2, launch and kernel b, the kernel without a launch
  EXPECT_EQ(make_view(trace, {.include_last_step = true}).device_rows().size(), 2u);
}

// Without correlations nothing says what belongs to the last step but its time; the device's work stays.
TEST(View, WorkWithoutALaunchIsKeptByItsTime) {
  TraceText text;
  text.step(1, 10, 100).step(2, 110, 100);
  auto kernel = [&](const char* name, double ts) {
    text.event("kernel", name, "7", ts, 2, "\"device\": 0, \"stream\": 7");
  };
  kernel("before", 5);
  kernel("first step", 20);
  kernel("before the cut", 109);
  kernel("cut", 110);
  Trace trace = text.read();
  View view = make_view(trace, {});
  EXPECT_EQ(view.device_rows().size(), 2u);
  EXPECT_EQ(view.unlinked, 4);
  EXPECT_EQ(view.unlinked_left_out, 2);
  EXPECT_EQ(view.left_out_last_step, 3);
  View all = make_view(trace, {.include_last_step = true});
  EXPECT_EQ(all.device_rows().size(), 3u);
  EXPECT_EQ(all.unlinked_left_out, 1);
}

// A stream works in order: what ran on it before its first launch of the file was queued before the profiler began,
// also when another stream has had launched work by then.
TEST(View, QueuedBeforeTheProfilerBelongsToNoStep) {
  TraceText text;
  text.step(1, 0, 100).launch("other stream", 1, 1, 5, 2, 20).launch("a", 10, 1, 30, 5).step(2, 100, 100);
  text.work("kernel", "queued before", 7, 8, 2, 998).work("kernel", "not recorded", 7, 50, 2, 999);
  text.work("kernel", "on a stream without launches, early", 9, 3, 1, 996);
  text.work("kernel", "on a stream without launches", 9, 6, 1, 997);
  Trace trace = text.read();
  View view = make_view(trace, {});
  std::vector<std::string> kept;
  for (uint32_t i : view.device_rows()) kept.emplace_back(view.name(i));
  EXPECT_EQ(kept, (std::vector<std::string>{"other stream", "a", "not recorded", "on a stream without launches"}));
  EXPECT_EQ(view.unlinked, 4);
  EXPECT_EQ(view.unlinked_left_out, 2);
  EXPECT_EQ(make_view(trace, {.semantics = Semantics::kHta}).device_rows().size(), 2u);  // HTA keeps none of them
}

// Triton's operators carry stream 0: HTA gives them the step of their time.
TEST(View, HtaCountsOperatorsOnStreamZeroToTheirStep) {
  TraceText text;
  text.step(1, 0, 100).event("cpu_op", "triton", "1", 10, 5, "\"stream\": 0").work("kernel", "k", 0, 12, 5, 999);
  Trace trace = text.read();
  View view = hta_view(trace);
  ASSERT_EQ(view.size(), 3u);
  EXPECT_EQ(view.step, (std::vector<int32_t>{1, 1, -1}));
}

// HTA's rule for MTIA: all that lies between the first step's start and the last one's end.
TEST(View, HtaKeepsTheLastStepOfMtia) {
  TraceText text;
  text.meta("\"device_type\": \"MTIA\"");
  text.op("before", 0, 5).step(1, 10, 90).step(2, 100, 100).op("in the last", 150, 10).op("across the end", 195, 10);
  text.event("mtia_runtime", "runFunction - job_prep_and_submit_for_execution", "1", 120, 2, "\"correlation\": 1");
  text.work("mtia_ccp_events", "job_exe", 3, 130, 90, 1).work("mtia_ccp_events", "not launched here", 3, 131, 5, 99);
  text.work("mtia_ccp_events", "dma_request", 3, 140, 5, 98).work("mtia_ccp_events", "dma_late", 3, 201, 5, 97);
  Trace trace = text.read();
  View view = hta_view(trace);
  std::vector<std::string> kept;
  for (size_t i = 0; i < view.size(); ++i) kept.emplace_back(view.name(i));
  EXPECT_EQ(kept,
            (std::vector<std::string>{"ProfilerStep#1", "ProfilerStep#2", "in the last",
                                      "runFunction - job_prep_and_submit_for_execution", "job_exe", "dma_request"}));
  EXPECT_EQ(view.left_out_last_step, 4);
  EXPECT_EQ(view.unlinked_left_out, 2);
}

TEST(View, NegativeDurationsAreClippedAndCounted) {
  TraceText text;
  text.launch("a", 0, 1, 2, -3).launch("b", 1, 1, 5, 5);
  Trace trace = text.read();
  View view = make_view(trace, {});
  EXPECT_EQ(view.clipped_negative, 1);
  EXPECT_EQ(partition_time(view).of(Part::kCompute), 5'000);
}

TEST(KernelType, ByNameAndByCategory) {
  EXPECT_EQ(kernel_type_of_name("ncclDevKernel_AllReduce"), KernelType::kCommunication);
  EXPECT_EQ(kernel_type_of_name("hipMemcpyAsync"), KernelType::kCommunication);  // HTA's rules, in HTA's order
  EXPECT_EQ(kernel_type_of_name("dma_request"), KernelType::kMemory);
  EXPECT_EQ(kernel_type_of_name("void CatMemcpyKernel<float>"), KernelType::kOther);
  EXPECT_EQ(kernel_type_of_name("volta_sgemm"), KernelType::kComputation);
  EXPECT_EQ(kernel_type_of(Category::kKernel, "void CatMemcpyKernel<float>"), KernelType::kComputation);
  EXPECT_EQ(kernel_type_of(Category::kMemcpy, "CopyDeviceToHost"), KernelType::kMemory);
  EXPECT_EQ(short_name("void at::native::(anonymous namespace)::k<4, f<int> >(int, float)"), "at::native::k");
  EXPECT_EQ(hta_short_name("void at::native::k<4, f<int> >(int, float)"), "at::native::k");
  EXPECT_EQ(short_name("Memcpy HtoD (Pinned -> Device)"), "Memcpy HtoD (Pinned -> Device)");
}

TEST(KernelType, TraceLensAsksTheCategoryFirst) {
  TraceText text;
  text.launch("Memcpy in a kernel's name", 0, 1, 2, 4).launch("my_ncclLike", 1, 1, 10, 5).launch("NCCL", 2, 1, 20, 6);
  text.work("gpu_memcpy", "nccl copy", 7, 30, 7, 1).work("gpu_memset", "Memset (Device)", 7, 40, 8, 2);
  text.work("collective_comm", "ncclAllReduce", 7, 50, 9, 3).event("hpu_op", "x", "7", 60, 10, "\"stream\": 7");
  Trace trace = text.read();
  View view = make_view(trace, {.semantics = Semantics::kTraceLens});
  std::vector<KernelType> types;
  for (uint32_t i : view.device_rows()) types.push_back(view.type[i]);
  using enum KernelType;
  EXPECT_EQ(types, (std::vector<KernelType>{kComputation, kCommunication, kComputation, kMemory, kComputation}));
}

// A frame of a loader's file waits for data only if it fetches: others enclose the loop that trains.
TEST(DataWait, FramesByWhatTheyDo) {
  const char* frame = "torch/utils/data/dataloader.py(628): __next__";
  EXPECT_TRUE(is_data_wait(Category::kPython, frame));
  EXPECT_TRUE(is_data_wait(Category::kPython, "/site-packages/torch/utils/data/dataloader.py(1285): _get_data"));
  EXPECT_FALSE(is_data_wait(Category::kPython, "torch/utils/data/dataloader.py(425): __iter__"));
  EXPECT_FALSE(is_data_wait(Category::kPython, "my/dataloader.py(12): train_epoch"));
  EXPECT_FALSE(is_data_wait(Category::kPython, "my/data_loader_wait.py(12): __next__"));
  EXPECT_FALSE(is_data_wait(Category::kPython, "<built-in method DataLoader>"));
  EXPECT_TRUE(is_data_wait(Category::kUserAnnotation, "enumerate(DataLoader)#_SingleProcessDataLoaderIter.__next__"));
  EXPECT_TRUE(is_data_wait(Category::kCpuOp, "enumerate(DataPipe)#x"));
  // A training loop in a file of that name explains nothing by itself.
  TraceText text;
  text.launch("a", 0, 1, 2, 10).event("python_function", "my/dataloader.py(12): train_epoch", "1", 0, 60);
  text.launch("b", 20, 1, 21, 9).event("python_function", frame, "1", 31, 4).launch("c", 40, 1, 41, 5);
  Trace trace = text.read();
  Partition parts = partition_time(make_view(trace, {}));
  EXPECT_EQ(parts.of(Part::kIdleData), 4'000);
  EXPECT_EQ(parts.of(Part::kIdleHostLate), 9'000 + 7'000);
}

}  // namespace
}  // namespace hasten::trace
