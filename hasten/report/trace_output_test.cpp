// What a trace's reports say: names on a terminal, notes, tables that are cut, and an overlay of every file that can be read.
#include <map>

#include "hasten/base/files.h"
#include "hasten/base/text.h"
#include "hasten/report/trace_json.h"
#include "hasten/report/trace_text.h"
#include "hasten/trace/overlay.h"
#include "hasten/trace/test_traces.h"

namespace hasten::report {
namespace {

using namespace trace;

Analysis analysis_in(const TestFile& file, const TraceText& text, AnalysisOptions options = {}) {
  write_file_atomic(file.path(), text.text());
  options.threads = 1;
  return analyze_traces({file.path()}, options);
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// What the reader takes as whole: a comma behind the last event, elements that are no events, no closing bracket.
TEST(OverlayOf, EveryEndOfTheEventsIsJson) {
  std::string events = TraceText().launch("k", 0, 1, 5, 20).text();
  events = events.substr(events.find('[') + 1, events.rfind(']') - events.find('[') - 1);
  for (const std::string& content :
       {"{\"traceEvents\": [" + events + " , ]}", "[" + events + ",\n]", "[" + events, "[" + events + "\n\n",
        "[1, " + events + "]", "[" + events + ", 1]", std::string("[ ]")}) {
    SCOPED_TRACE(content);
    TestFile file(content), out("", "out.json");
    Analysis analysis = analyze_traces({file.path()}, {});
    const RankAnalysis& rank = analysis.ranks[0];
    write_overlay(rank.view, *rank.path, *rank.partition, out.path());
    Json after = Json::parse(read_file(out.path()), nullptr, false);
    ASSERT_FALSE(after.is_discarded()) << read_file(out.path());
    const Json& list = after.is_array() ? after : after["traceEvents"];
    EXPECT_GE(list.size(), static_cast<size_t>(rank.trace->events) + 3);
    EXPECT_EQ(read_trace(out.path()).repairs.dropped(), rank.trace->repairs.dropped());
  }
}

TEST(OverlayOf, SeveralDevicesNamesTheirQueues) {
  TestFile file(""), out("", "out.json");
  TraceText text;
  for (int device : {0, 1}) {
    text.call("cudaLaunchKernel", 10 * device, 1, device + 1);
    text.event("kernel", "k", "7", 10 * device + 5, 20,
               cat("\"device\": ", device, ", \"stream\": 7, \"correlation\": ", device + 1));
  }
  Analysis analysis = analysis_in(file, text);
  const RankAnalysis& rank = analysis.ranks[0];
  write_overlay(rank.view, *rank.path, *rank.partition, out.path());
  std::map<std::string, int> counters;
  Json after = Json::parse(read_file(out.path()));
  for (const Json& event : after["traceEvents"]) {
    if (event["ph"] == "C") ++counters[event["name"].get<std::string>()];
  }
  std::map<std::string, int> want = {{"queue of device 0, stream 7", 2}, {"queue of device 1, stream 7", 2}};
  EXPECT_EQ(counters, want);
  EXPECT_TRUE(contains(trace_text(analysis, {}, {}, 10), "queue of device 1, stream 7: mean"));
  Analysis alone = analysis_in(file, TraceText().launch("k", 0, 1, 5, 20));
  EXPECT_TRUE(contains(trace_text(alone, {}, {}, 10), "queue of stream 7: mean"));
}

TEST(TraceOnATerminal, NamesAreWholeCharactersAndObeyNothing) {
  TestFile file("");
  const std::string control = "\xc2\x9b";  // U+009B: begins a sequence, like escape and '['
  std::string wide;
  for (int i = 0; i < 60; ++i) wide += "é";  // two bytes each
  TraceText text;
  text.op("pat\x1b[31mtern" + control + "31m", 0, 100).op(wide, 200, 5);
  for (int k = 0; k < 3; ++k) text.launch("k\x1b[2J", 5 + 10 * k, 1, 40 + 10 * k, 5);
  AnalysisOptions options;
  options.pattern = "pat";
  Analysis analysis = analysis_in(file, text, options);
  ASSERT_EQ(analysis.ranks[0].patterns.size(), 1u);
  std::string terminal = trace_text(analysis, {}, {}, 10);
  EXPECT_FALSE(contains(terminal, "\x1b"));
  EXPECT_FALSE(contains(terminal, control));
  EXPECT_TRUE(contains(terminal, "1 x pat"));
  EXPECT_TRUE(contains(terminal, "é…")) << terminal;
  EXPECT_FALSE(contains(terminal, "\xc3…"));
}

TEST(TraceOnATerminal, NamesOfTheHostKeepTheirBrackets) {
  TestFile file("");
  TraceText text;
  text.op("file.py(12): <module>", 0, 10).op("enumerate(DataLoader)#_SingleProcess.__next__", 20, 10);
  text.launch("void at::native::k<4, f<int> >(int, float)", 40, 1, 45, 5);
  std::string terminal = trace_text(analysis_in(file, text), {}, {}, 10);
  EXPECT_TRUE(contains(terminal, "file.py(12): <module>"));
  EXPECT_TRUE(contains(terminal, "enumerate(DataLoader)#_SingleProcess.__next__"));
  EXPECT_TRUE(contains(terminal, " at::native::k "));
}

TEST(TraceNotes, SayWhyARankWasTakenAndWhatIsLeftOut) {
  TraceText text;
  text.meta("\"distributedInfo\": {\"rank\": 0}");
  for (int s = 0; s < 3; ++s) text.step(s, s * 100, 90).op("aten::mm", s * 100 + 1, 5);
  text.op("late", 500, 5);
  TestFile a(text.text(), "a.json"), b(text.text(), "b.json");
  auto notes = [&](bool last) {
    AnalysisOptions options;
    options.view.include_last_step = last;
    return join(notes_on(analyze_traces({a.path(), b.path()}, options).ranks[1]), "\n");
  };
  EXPECT_TRUE(
      contains(notes(false), "rank 0 is said by more than one file: " + b.path().filename().string() + " taken as 1"));
  EXPECT_TRUE(contains(notes(false), "belong to the last profiler step, which the profiler cut off"));
  EXPECT_FALSE(contains(notes(true), "cut off"));
  EXPECT_TRUE(contains(notes(true), "come after the last profiler step"));
}

TEST(TraceNotes, CountersWithoutLaunchesAreSaid) {
  TestFile file("");
  TraceText text;
  text.op("aten::mm", 0, 10).launch("k", 1, 1, 20, 5);
  auto add_range = [&](double ts) { text.event("cuda_profiler_range", "k", "9", ts, 5, "\"fadd_pred_on.sum\": 4"); };
  add_range(50);
  Json json = trace_json(analysis_in(file, text), {}, 0);
  EXPECT_EQ(json["ranks"][0]["counters"][0]["values"]["fadd_pred_on.sum"], 4);
  add_range(60);
  Analysis analysis = analysis_in(file, text);
  EXPECT_EQ(analysis.ranks[0].unmatched_counters, 2);
  EXPECT_TRUE(contains(trace_text(analysis, {}, {}, 10), "2 ranges of hardware counters"));
}

TEST(TraceTables, SayHowManyRowsThereAreWhereTheyAreCut) {
  TestFile file("");
  TraceText text;
  for (int i = 0; i < 20; ++i) text.op(cat("op", i), i * 10, 5);
  Analysis analysis = analysis_in(file, text);
  Json all = trace_json(analysis, {}, 0)["ranks"][0], cut = trace_json(analysis, {}, 3)["ranks"][0];
  EXPECT_EQ(all["operators"].size(), 20u);
  EXPECT_EQ(all["rows_in_all"].dump(), "{}");
  EXPECT_EQ(cut["operators"].size(), 3u);
  EXPECT_EQ(cut["rows_in_all"].dump(), "{\"operators\":20}");
  EXPECT_TRUE(contains(trace_text(analysis, {}, {}, 3), "and 17 rows more\n"));
  EXPECT_FALSE(contains(trace_text(analysis, {}, {}, 20), " more"));
  EXPECT_TRUE(contains(html_table(operator_table(analysis.ranks[0], 19)), "and 1 row more"));
  EXPECT_TRUE(contains(markdown_table(operator_table(analysis.ranks[0], 19)), "|\n\nand 1 row more\n"));
}

}  // namespace
}  // namespace hasten::report
