// Trace reports: nothing from a trace becomes markup, script or a formula; the overlay is a trace; verdicts and refusals.
#include "hasten/report/trace_page.h"

#include <cmath>
#include <map>

#include "hasten/base/files.h"
#include "hasten/report/test_browser.h"
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

// Drives the timeline as a person would, and reports through the page's title.
const char* const kDriver = R"(<script>
  const canvas = document.querySelector("canvas"), box = canvas.getBoundingClientRect(), hover = document.getElementById("hover");
  const state = () => [Number(canvas.dataset.from), Number(canvas.dataset.to), Number(canvas.dataset.drawn)];
  const key = (name) => { canvas.dispatchEvent(new KeyboardEvent("keydown", { key: name })); return state(); };
  const wheel = (deltaY, x) => { canvas.dispatchEvent(new WheelEvent("wheel", { deltaY, clientX: x, clientY: box.top + 40 })); return state(); };
  const report = { start: state(), legend: document.getElementById("legend").textContent };
  report.wheel = wheel(-1, box.right - 1);
  report.back = wheel(1, box.right - 1);
  report.label = wheel(-1, box.left + 1);
  for (let i = 0; i < 40; ++i) key("+");
  report.closest = state();
  key("0");
  key("+");
  report.left = [key("ArrowLeft"), key("ArrowLeft"), key("ArrowLeft"), key("ArrowLeft")].pop();
  key("0");
  report.texts = [];
  for (let y = 2; y < box.height; y += 4) {  // what the pointer finds in the middle of each line
    canvas.dispatchEvent(new PointerEvent("pointermove", { clientX: (box.left + box.right) / 2, clientY: box.top + y }));
    if (hover.style.display === "block" && !report.texts.includes(hover.textContent)) report.texts.push(hover.textContent);
  }
  document.title = JSON.stringify(report);
</script>)";

TEST(TracePage, ZoomsMovesAndTellsInABrowserSlow) {
  TestFile file("");
  TraceText text;
  // A long kernel over hundreds of short ones: it has to be found from its middle, too.
  text.op("long", 0, 10'000, "5").launch("<b>kernel</b>", 10, 5, 20, 9'980);
  for (int i = 0; i < 300; ++i) text.launch("short", 11, 1, 100 + 10 * i, 5);
  Analysis analysis = analysed(text, file);
  auto dom = seen_by_browser(trace_page(analysis, diagnose::judge(analysis.overall), {}) + kDriver);
  if (!dom) GTEST_SKIP() << "no chromium here";
  size_t from = dom->find("<title>") + 7, to = dom->find("</title>");
  Json report = Json::parse(dom->substr(from, to - from), nullptr, false);
  ASSERT_TRUE(report.is_object()) << dom->substr(0, 500);
  int64_t all = 10'000'000;
  EXPECT_EQ(report["start"][0], 0);
  EXPECT_EQ(report["start"][1], all);
  EXPECT_GE(report["start"][2], 4);  // the path, the thread, the stream
  EXPECT_NEAR(report["wheel"][0].get<double>(), all * (1 - std::exp(-0.25)), all * 0.002);  // the right end stays
  EXPECT_NEAR(report["wheel"][1].get<double>(), all, all * 0.002);
  EXPECT_NEAR(report["back"][0].get<double>(), 0, all * 0.002);
  EXPECT_EQ(report["label"], report["back"]);  // over the labels is no time
  EXPECT_EQ(report["closest"][1].get<int64_t>() - report["closest"][0].get<int64_t>(), 100);
  EXPECT_GE(report["closest"][2], 3);
  EXPECT_EQ(report["left"][0], 0);  // no further than the beginning
  EXPECT_EQ(report["left"][1], all / 2);
  std::string texts = report["texts"].dump(), legend = report["legend"];
  EXPECT_NE(texts.find("long, 10.000 ms from 0.000 us"), std::string::npos) << texts;
  EXPECT_NE(texts.find("&lt;b&gt;kernel&lt;/b&gt;, 9.980 ms from 20.000 us"), std::string::npos) << texts;
  EXPECT_NE(legend.find("computation"), std::string::npos);
  EXPECT_EQ(legend.find("copies"), std::string::npos);  // only what is drawn
}

Json timeline_of(const std::string& page) {
  size_t from = page.find("type=\"application/json\">") + 24;
  return Json::parse(page.substr(from, page.find("</script>", from) - from));
}

TEST(TracePage, TimesAreNanosecondsInAllSemantics) {
  TestFile file(TraceText().op("a", 1000, 5).launch("k", 1001, 1, 1004, 8).text());
  for (Semantics semantics : {Semantics::kExact, Semantics::kHta, Semantics::kTraceLens}) {
    AnalysisOptions options;
    options.view.semantics = semantics;
    Json data = timeline_of(trace_page(analyze_traces({file.path()}, options), {}, {}));
    EXPECT_EQ(data["end"], 12'000) << semantics_name(semantics);
    EXPECT_EQ(data["lines"].back()["spans"][0][0], 4'000);
    EXPECT_EQ(data["lines"].back()["spans"][0][1], 8'000);
  }
}

// Events of one length are thinned out, not left out together.
TEST(TracePage, DrawsAsManySpansAsItMay) {
  TestFile file("");
  TraceText text;
  for (int i = 0; i < 100; ++i) text.op("a", 10 * i, 5);
  text.op("short", 2000, 1).op("long", 3000, 9);
  Analysis analysis = analysed(text, file);
  for (RankAnalysis& rank : analysis.ranks) {  // the events alone
    rank.path.reset();
    rank.partition.reset();
  }
  TracePageOptions options;
  options.most_spans = 11;
  analysis.options.view.semantics = Semantics::kHta;
  std::string page = trace_page(analysis, {}, {}, options);
  Json data = timeline_of(page);
  ASSERT_EQ(data["lines"].size(), 1u);
  const Json& spans = data["lines"][0]["spans"];
  ASSERT_EQ(spans.size(), 11u);
  EXPECT_EQ(data["names"], Json({"a", "long"}));
  int64_t widest = 0;  // of the 100 of one length every tenth
  for (size_t i = 1; i < 10; ++i)
    widest = std::max(widest, spans[i][0].get<int64_t>() - spans[i - 1][0].get<int64_t>());
  EXPECT_EQ(widest, 100'000);
  EXPECT_EQ(data["end"], 3'009'000);
  EXPECT_NE(page.find("91 of the shortest spans are not drawn"), std::string::npos);
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
  for (int i = 0; i < 4000; ++i) text.launch("k", 100 * i + 70, 1, 100 * i + 75, 5);  // more than is held at once
  Analysis analysis = analysed(text, file);
  const RankAnalysis& rank = analysis.ranks[0];
  for (const char* name : {"out.json", "out.json.gz"}) {
    TestFile out("", name);
    write_overlay(rank.view, *rank.path, *rank.partition, out.path());
    Trace again = read_trace(out.path());
    EXPECT_GT(again.size(), rank.trace->size());
    EXPECT_EQ(again.repairs.dropped(), 0);
    // What was there before is accounted as before.
    Partition parts = partition_time(make_view(again, {}));
    EXPECT_EQ(parts.ns, rank.partition->ns);
    int64_t path = 0, idle = 0;
    for (uint32_t row = 0; row < again.size(); ++row) {
      std::string_view line = again.strings.view(again.lanes[again.lane[row]].thread_name);
      path += line == "critical path" ? again.dur_ns[row] : 0;
      idle += line == "device idle" ? again.dur_ns[row] : 0;
    }
    EXPECT_EQ(path, rank.path->end - rank.path->begin);
    EXPECT_EQ(idle, rank.partition->idle());
  }
}

// The rules of the Chrome trace format that viewers hold a file to. Names as process or thread numbers are read as 0 by
// some of them, and slices of a line that overlap are dropped.
TEST(Overlay, KeepsTheRulesOfTheFormat) {
  for (bool empty : {false, true}) {
    TestFile file(""), out("", "out.json");
    TraceText text;
    text.meta("\"schemaVersion\": 1");
    if (!empty) {
      for (int i = 0; i < 50; ++i) text.op("a \"b\"", i * 100, 50).launch("k\x01", i * 100 + 5, 3, i * 100 + 30, 40);
    }
    Analysis analysis = analysed(text, file);
    const RankAnalysis& rank = analysis.ranks[0];
    write_overlay(rank.view, *rank.path, *rank.partition, out.path());
    Json before = Json::parse(read_file(file.path())), after = Json::parse(read_file(out.path()));
    size_t kept = before["traceEvents"].size();
    ASSERT_GE(after["traceEvents"].size(), kept + 3);
    std::map<int64_t, double> ends;  // of the last slice, by line
    std::map<std::string, int> phases;
    for (size_t i = kept; i < after["traceEvents"].size(); ++i) {
      const Json& event = after["traceEvents"][i];
      SCOPED_TRACE(event.dump());
      ++phases[event["ph"]];
      EXPECT_TRUE(event["name"].is_string() && event["pid"].is_number_integer() && event["ts"].is_number());
      EXPECT_TRUE(event["args"].is_object());
      EXPECT_LT(event["pid"].get<int64_t>(), int64_t{1} << 31);
      EXPECT_TRUE(event["ph"] != "M" || event["args"]["name"].is_string());
      EXPECT_TRUE(event["ph"] != "C" || event["args"]["length"].is_number_integer());
      if (event["ph"] != "X") continue;
      EXPECT_TRUE(event["cat"].is_string() && event["tid"].is_number_integer());
      EXPECT_GT(event["dur"].get<double>(), 0);
      double& end = ends.try_emplace(event["tid"].get<int64_t>(), -1e9).first->second;
      EXPECT_GE(event["ts"].get<double>(), end - 1e-6);
      end = event["ts"].get<double>() + event["dur"].get<double>();
    }
    EXPECT_EQ(phases["M"], 3);
    EXPECT_EQ(phases["C"], empty ? 0 : 100);
    EXPECT_EQ(ends.size(), empty ? 0u : 2u);
    // Without what was added, the file is what it was.
    after["traceEvents"].erase(after["traceEvents"].begin() + static_cast<std::ptrdiff_t>(kept),
                               after["traceEvents"].end());
    EXPECT_EQ(after, before);
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
  EXPECT_EQ(host.what, diagnose::Limit::kHost);
  EXPECT_NEAR(host.margin, 0.6, 1e-9);
  EXPECT_NEAR(host.s_max, 5.0, 1e-9);
  EXPECT_NE(judged(400'000, 100'000, 0).refusal.find("span too short"), std::string::npos);
  EXPECT_NE(judged(5'000'000, 4'900'000, 0).refusal.find("margin too small"), std::string::npos);
  EXPECT_NE(judged(1'000'000, 0, 9'000'000).refusal.find("unattributed"), std::string::npos);
  EXPECT_FALSE(judged(0, 0, 0).decided);
}

}  // namespace
}  // namespace hasten::report
