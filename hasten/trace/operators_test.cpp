// Devices by name, roofline classes by element type, hardware counters and the launches they belong to.
#include "hasten/trace/operators.h"

#include <utility>

#include "hasten/trace/test_traces.h"

namespace hasten::trace {
namespace {

std::string device_named(const std::string& name) {
  return "\"deviceProperties\": [{\"name\": " + Json(name).dump() + "}]";
}

std::optional<DeviceSpeed> speed_of(const std::string& name) {
  return known_device(TraceText().meta(device_named(name)).op("a", 0, 1).read());
}

TEST(Devices, AreKnownByWholeWords) {
  EXPECT_EQ(speed_of("NVIDIA A100-SXM4-80GB").value().half_flops_per_s, 312e12);
  EXPECT_EQ(speed_of("NVIDIA H100 PCIe").value().half_flops_per_s, 756e12);
  EXPECT_EQ(speed_of("NVIDIA H100 80GB HBM3").value().half_flops_per_s, 989e12);
  EXPECT_EQ(speed_of("Tesla T4").value().single_flops_per_s, 8.1e12);
  EXPECT_EQ(speed_of("AMD Instinct MI250X").value().bytes_per_s, 3.2e12);
  EXPECT_EQ(speed_of("NVIDIA GH200 480GB").value().bytes_per_s, 4.0e12);  // not an H200
  for (const char* name : {"NVIDIA RTX A1000", "NVIDIA T400 4GB", "NVIDIA A100X", "V1000", ""})
    EXPECT_FALSE(speed_of(name).has_value()) << name;
}

Roofline class_of_product(const std::string& device, const std::string& type) {
  TraceText text;
  text.meta(device_named(device));
  std::string types = type.empty() ? "" : ", \"Input type\": [\"" + type + "\", \"" + type + "\"]";
  text.event("cpu_op", "aten::mm", "1", 0, 5, "\"Input Dims\": [[512, 512], [512, 512]]" + types);
  Trace trace = text.read();
  View view = make_view(trace, {});
  return operators(view, nest_host_events(view))[0].roofline;
}

// 2 * 512^3 operations on 3 * 512^2 elements: 85 a byte in single, 171 in half, 43 in double precision.
TEST(Roofline, DependsOnTheElementType) {
  const char* h100 = "NVIDIA H100 80GB HBM3";
  EXPECT_EQ(class_of_product(h100, "float"), Roofline::kMath);  // of 20
  EXPECT_EQ(class_of_product(h100, "c10::Half"), Roofline::kBandwidth);  // of 295
  EXPECT_EQ(class_of_product(h100, "double"), Roofline::kMath);  // of 10
  EXPECT_EQ(class_of_product(h100, "long int"), Roofline::kUnknown);
  EXPECT_EQ(class_of_product(h100, ""), Roofline::kUnknown);
  EXPECT_EQ(class_of_product("Tesla T4", "double"), Roofline::kUnknown);  // not in its sheet
}

TraceText counted(const std::string& category, const std::string& launch, int ranges) {
  TraceText text;
  text.op("outer", 0, 100).op("aten::mm", 1, 20);
  text.event(category, launch, "1", 2, 2, "\"correlation\": 5").work("kernel", "k", 3, 30, 5, 5);
  text.call("hipMemcpyAsync", 8, 2, 6).work("gpu_memcpy", "CopyHostToDevice", 3, 40, 5, 6);  // starts no kernel
  for (int i = 0; i < ranges; ++i)
    text.event("cuda_profiler_range", "k", "9", 200 + 10 * i, 5, "\"smsp__sass_op_ffma_pred_on.sum\": 4");
  return text;
}

TEST(Counters, BelongToCallsThatStartedAKernel) {
  for (auto [category, launch] :
       {std::pair{"hip_runtime", "hipExtModuleLaunchKernel"}, std::pair{"cuda_driver", "cuLaunchKernelEx"},
        std::pair{"cuda_runtime", "cudaGraphLaunch"}}) {
    SCOPED_TRACE(launch);
    Trace trace = counted(category, launch, 1).read();
    auto rows = counters_with_operators(make_view(trace, {}));
    ASSERT_EQ(rows.size(), 1u);
    EXPECT_EQ(rows[0].top_operator, "outer");
    EXPECT_EQ(rows[0].bottom_operator, "aten::mm");
    EXPECT_EQ(rows[0].flops, 8);
    ASSERT_EQ(rows[0].counters.size(), 1u);
    EXPECT_EQ(rows[0].counters[0].second, 4);
  }
  Trace trace = counted("cuda_runtime", "cudaLaunchKernel", 2).read();
  EXPECT_TRUE(counters_with_operators(make_view(trace, {})).empty());
}

}  // namespace
}  // namespace hasten::trace
