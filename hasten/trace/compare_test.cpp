// Two traces side by side: counts, durations, intervals over steps.
#include "hasten/trace/compare.h"

#include <algorithm>
#include <map>

#include "hasten/base/error.h"
#include "hasten/trace/memory_timeline.h"
#include "hasten/trace/test_traces.h"

namespace hasten::trace {
namespace {

Trace steps_of(double slow, int kernels) {
  TraceText text;
  double at = 0;
  for (int s = 0; s < 7; ++s) {
    double length = (100 + s % 3) * slow;
    text.step(s, at, length).op("aten::mm", at + 1, 10 * slow);
    for (int k = 0; k < kernels; ++k) text.launch("k", at + 2 + k, 0.5, at + 20 + 10 * k, 5);
    at += length;
  }
  return text.read();
}

TEST(Compare, CountsDurationsAndCategories) {
  Trace a = steps_of(1, 2), b = steps_of(2, 3);
  View view_a = make_view(a, {}), view_b = make_view(b, {});
  auto rows = compare_by_name(view_a, view_b, {});
  auto mm = std::find_if(rows.begin(), rows.end(), [](const Difference& d) { return d.name == "aten::mm"; });
  EXPECT_EQ(mm->count_a, 6);  // the last step is left out
  EXPECT_EQ(mm->ticks_change(), 60'000);
  ChangedNames changed = changed_names(rows);
  EXPECT_EQ(changed.increased, (std::vector<std::string>{"k", "cudaLaunchKernel"}));
  CompareOptions one{Side::kDevice, 2, 3, false};
  auto device = compare_by_name(view_a, view_b, one);
  ASSERT_EQ(device.size(), 1u);
  EXPECT_EQ(device[0].count_a, 2);
  EXPECT_EQ(device[0].count_b, 3);
}

// A Triton kernel has the name of the operator that launches it.
TEST(Compare, NamesakesOnHostAndDeviceAreKeptApart) {
  TraceText text;
  for (int s = 0; s < 4; ++s) text.step(s, s * 100, 90).op("triton_add", s * 100 + 1, 10).op("host", s * 100 + 20, 5);
  for (int s = 0; s < 4; ++s) text.launch("triton_add", s * 100 + 2, 1, s * 100 + 30, 40);
  Trace trace = text.read(), host_only = TraceText().op("triton_add", 0, 7).read();
  View view = make_view(trace, {}), other = make_view(host_only, {});
  std::map<std::string, int64_t> ticks;
  for (const Difference& row : compare_by_name(view, other, {})) ticks[row.name + row.suffix] = row.ticks_a;
  EXPECT_EQ(ticks["triton_add (host)"], 30'000);
  EXPECT_EQ(ticks["triton_add (device)"], 120'000);
  EXPECT_EQ(ticks["host"], 15'000);
  EXPECT_EQ(ticks.count("triton_add"), 0u);
  EXPECT_EQ(changed_names(compare_by_name(view, other, {})).deleted.front(), "triton_add (device)");
  std::map<std::string, double> per_step;
  for (const StepRatio& row : compare_steps(view, view)) per_step[row.what + row.suffix] = row.a_ns;
  EXPECT_EQ(per_step["triton_add (host)"], 10'000);
  EXPECT_EQ(per_step["triton_add (device)"], 40'000);
  auto device = compare_by_name(view, other, {.side = Side::kDevice});  // one side: nothing to tell apart
  ASSERT_EQ(device.size(), 1u);
  EXPECT_EQ(device[0].name + device[0].suffix, "triton_add");
  Totals on_host = totals_of(view, {.side = Side::kHost}, {});
  EXPECT_EQ(on_host.step_names.count({"triton_add", Side::kDevice}), 0u);
  EXPECT_EQ(count_step_names({&on_host}, {&on_host}), 3u);  // with the launch call
  for (const Difference& row : compare_by_name(hta_view(trace), hta_view(trace), {})) EXPECT_EQ(row.suffix, "");
}

TEST(Compare, IntervalsOverSteps) {
  Trace a = steps_of(1, 2), b = steps_of(2, 2);
  auto rows = compare_steps(make_view(a, {}), make_view(b, {}), {.most = 3});
  ASSERT_FALSE(rows.empty());
  EXPECT_EQ(rows[0].what, "step");
  EXPECT_NEAR(rows[0].ratio, 2.0, 1e-9);
  EXPECT_LT(rows[0].low, 2.0);
  EXPECT_GT(rows[0].high, 2.0);
  EXPECT_GT(rows[0].low, 1.9);
  EXPECT_TRUE(rows[0].resolved());
  auto again = compare_steps(make_view(a, {}), make_view(b, {}), {.most = 3});
  EXPECT_EQ(rows[0].low, again[0].low);  // the same seed, the same interval
}

TEST(Compare, WithoutStepsThereAreNoIntervals) {
  Trace a = TraceText().op("x", 0, 1).read();
  EXPECT_TRUE(compare_steps(make_view(a, {}), make_view(a, {}), {.most = 3}).empty());
}

TEST(MemoryTimeline, SumsByCategory) {
  TestFile file("[[-1, 0, 100, 0], [5, 1, 50, 3], [5, 1, 7, 4], [9, 3, -50, 3]]");
  MemoryTimeline timeline = read_memory_timeline(file.path());
  EXPECT_EQ(timeline.times, (std::vector<int64_t>{5, 5, 9}));
  EXPECT_EQ(timeline.sizes[1][3], 50);
  EXPECT_EQ(timeline.sizes[2][3], 0);
  EXPECT_EQ(timeline.sizes[2][0], 100);
  TestFile wrong("[[1, 2]]");
  EXPECT_THROW(read_memory_timeline(wrong.path()), DataError);
}

TEST(MemoryTimeline, EqualsHta) {
  HASTEN_NEEDS_SHARED_TRACES()
  for (const Json& test : oracle()["hta_tests"]) {
    if (test["analysis"] != "memory_timeline") continue;
    MemoryTimeline timeline = read_memory_timeline(shared_traces() / test["trace"].get<std::string>());
    auto want = test["expected"]["sizes[744]"].get<std::vector<double>>();
    EXPECT_EQ(std::vector<double>(timeline.sizes[744].begin(), timeline.sizes[744].end()), want);
  }
}

}  // namespace
}  // namespace hasten::trace
