// Trace reports: nothing from a trace becomes markup, script or a formula; the overlay is a trace; verdicts and refusals.
#include "hasten/report/trace_page.h"

#include "hasten/base/files.h"
#include "hasten/report/trace_json.h"
#include "hasten/report/trace_text.h"
#include "hasten/trace/overlay.h"
#include "hasten/trace/test_traces.h"

namespace hasten::report {
namespace {

using namespace trace;

const char* const kHostile = "</script><img src=x onerror=alert(1)>\"'&=SUM(A1)\n\x1b[31m";

Analysis analysed(const TraceText& text, TestFile& file) {
  std::string content = text.text();
  write_file_atomic(file.path(), content);
  AnalysisOptions options;
  options.threads = 1;
  return analyze_traces({file.path()}, options);
}

TEST(TracePage, HostileNamesStayText) {
  TestFile file("");
  TraceText text;
  text.event("cpu_op", kHostile, cat("\"", "</td><script>", "\""), 0, 5000).launch(kHostile, 10, 5, 20, 4000);
  Analysis analysis = analysed(text, file);
  diagnose::TraceVerdict verdict = diagnose::judge(analysis.overall);
  std::string page = trace_page(analysis, verdict, {kHostile}, {.title = kHostile, .command = kHostile});
  EXPECT_EQ(page.find("<img"), std::string::npos);
  EXPECT_EQ(page.find("</td><script>"), std::string::npos);
  size_t scripts = 0, at = 0;
  while ((at = page.find("</script>", at)) != std::string::npos) ++scripts, ++at;
  EXPECT_EQ(scripts, 2u);  // the data and the timeline's program
  std::string terminal = trace_text(analysis, verdict, {}, 10);
  EXPECT_EQ(terminal.find('\x1b'), std::string::npos);
}

TEST(TraceCsv, CellsAreQuotedAndNoFormulas) {
  EXPECT_EQ(csv_cell("plain"), "plain");
  EXPECT_EQ(csv_cell("a,\"b\""), "\"a,\"\"b\"\"\"");
  EXPECT_EQ(csv_cell("=SUM(A1)"), "'=SUM(A1)");
}

TEST(Overlay, IsATraceWithEveryEventAndOurs) {
  TestFile file("");
  TraceText text;
  text.op("a ] \" \\ [", 0, 10).launch("k", 2, 1, 5, 20).launch("k", 40, 1, 45, 20);
  Analysis analysis = analysed(text, file);
  const RankAnalysis& rank = analysis.ranks[0];
  for (const char* name : {"out.json", "out.json.gz"}) {
    TestFile out("", name);
    write_overlay(rank.view, *rank.path, *rank.partition, rank.queues, out.path());
    Trace again = read_trace(out.path());
    EXPECT_GT(again.size(), rank.trace->size());
    EXPECT_EQ(again.repairs.dropped(), 0);
    // What was there before is accounted as before.
    Partition parts = partition_time(make_view(again, {}));
    EXPECT_EQ(parts.ns, rank.partition->ns);
    int64_t path = 0, idle = 0;
    for (uint32_t row = 0; row < again.size(); ++row) {
      std::string_view line = again.strings.view(again.lanes[again.lane[row]].tid);
      path += line == "critical path" ? again.dur_ns[row] : 0;
      idle += line == "device idle" ? again.dur_ns[row] : 0;
    }
    EXPECT_EQ(path, rank.path->end - rank.path->begin);
    EXPECT_EQ(idle, rank.partition->idle());
  }
}

TEST(TraceJson, PartsSumToTheWallTime) {
  TestFile file("");
  TraceText text;
  text.launch("k", 0, 1, 5, 2000).launch("ncclDevKernel_AllReduce", 1, 1, 1500, 2000, 20);
  Analysis analysis = analysed(text, file);
  Json parts = trace_json(analysis, diagnose::judge(analysis.overall), 5)["ranks"][0]["time_partition"];
  int64_t sum = 0;
  for (size_t k = 0; k < kPartCount; ++k) sum += parts[std::string(part_name(static_cast<Part>(k)))].get<int64_t>();
  EXPECT_EQ(sum, parts["wall"].get<int64_t>());
}

TEST(TraceVerdict, DecidesAndRefuses) {
  auto judged = [](int64_t compute, int64_t host, int64_t unknown) {
    Partition partition;
    partition.ns[static_cast<size_t>(Part::kCompute)] = compute;
    partition.ns[static_cast<size_t>(Part::kIdleHostLate)] = host;
    partition.ns[static_cast<size_t>(Part::kIdleUnknown)] = unknown;
    partition.end = compute + host + unknown;
    return diagnose::judge(partition);
  };
  auto host = judged(2'000'000, 8'000'000, 0);
  EXPECT_TRUE(host.decided);
  EXPECT_EQ(host.what, diagnose::TraceClass::kHost);
  EXPECT_NEAR(host.margin, 0.6, 1e-9);
  EXPECT_NEAR(host.s_max, 5.0, 1e-9);
  EXPECT_NE(judged(400'000, 100'000, 0).refusal.find("span too short"), std::string::npos);
  EXPECT_NE(judged(5'000'000, 4'900'000, 0).refusal.find("margin too small"), std::string::npos);
  EXPECT_NE(judged(1'000'000, 0, 9'000'000).refusal.find("unattributed"), std::string::npos);
  EXPECT_FALSE(judged(0, 0, 0).decided);
}

}  // namespace
}  // namespace hasten::report
