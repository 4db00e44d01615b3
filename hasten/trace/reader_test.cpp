// Reading traces: times, pieces, repairs, and files that are wrong in every way.
#include "hasten/trace/reader.h"

#include <zlib.h>

#include "hasten/base/error.h"
#include "hasten/trace/test_traces.h"
#include "hasten/trace/times.h"
#include "hasten/trace/tokens.h"

namespace hasten::trace {
namespace {

std::string gzip(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(compressBound(text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string event(const std::string& fields) {
  return "{\"ph\": \"X\", \"cat\": \"cpu_op\", \"name\": \"a\", \"pid\": 1, \"tid\": 1, " + fields + "}";
}
std::string file_of(const std::string& events) { return "{\"traceEvents\": [" + events + "]}"; }

Trace read_text(const std::string& text, const ReadOptions& options = {}) {
  TestFile file(text);
  return read_trace(file.path(), options);
}

std::string error_of(const std::string& text, const std::string& name = "trace.json") {
  TestFile file(text, name);
  try {
    read_trace(file.path());
  } catch (const DataError& error) {
    return error.location() + "|" + error.what();
  }
  return "";
}

TEST(Times, AreExactNanoseconds) {
  EXPECT_EQ(parse_microseconds("1730156791096090.123").ns, 1730156791096090123);
  EXPECT_EQ(parse_microseconds("12").ns, 12000);
  EXPECT_FALSE(parse_microseconds("12").fractional);
  EXPECT_EQ(parse_microseconds("0.001").ns, 1);
  EXPECT_EQ(parse_microseconds("-3.5").ns, -3500);
  EXPECT_EQ(parse_microseconds("1.0005").ns, 1001);
  EXPECT_EQ(parse_microseconds("1.0005").status, TimeText::kRounded);
  EXPECT_EQ(parse_microseconds("1.7e3").ns, 1700000);
  for (const char* bad : {"", "-", "abc", "1.", "1x", "nan", "99999999999999999999", "1e300"}) {
    EXPECT_EQ(parse_microseconds(bad).status, TimeText::kBad) << bad;
  }
}

TEST(Times, DoublesRoundOnce) {
  EXPECT_EQ(microseconds_as_double(4458676526501099), 4458676526501.099);
  EXPECT_EQ(microseconds_as_double(1730156791096090123), 1730156791096090.123);
}

TEST(Reader, TimesAsIntegersDecimalsAndTexts) {
  Trace trace = read_text(file_of(event("\"ts\": 5, \"dur\": 2") + "," + event("\"ts\": 5.125, \"dur\": 0.001") + "," +
                                  event("\"ts\": \"7.5\", \"dur\": \"1\"")));
  EXPECT_EQ(trace.ts_ns, (std::vector<int64_t>{5000, 5125, 7500}));
  EXPECT_EQ(trace.dur_ns, (std::vector<int64_t>{2000, 1, 1000}));
  EXPECT_EQ(trace.repairs.count(Repair::kTextNumber), 2);
}

TEST(Reader, IdsAsTextsAreTheSameLane) {
  Trace trace = read_text(file_of(
      "{\"ph\": \"X\", \"cat\": \"cpu_op\", \"name\": \"a\", \"pid\": \"1\", \"tid\": \"2\", \"ts\": 1, \"dur\": 1},"
      "{\"ph\": \"X\", \"cat\": \"kernel\", \"name\": \"k\", \"pid\": 1, \"tid\": 2, \"ts\": 1, \"dur\": 1,"
      " \"args\": {\"correlation\": \"12\", \"stream\": \"7\", \"External id\": \"9\"}}"));
  EXPECT_EQ(trace.lanes.size(), 1u);
  EXPECT_EQ(trace.correlation[1], 12);
  EXPECT_EQ(trace.stream[1], 7);
  EXPECT_EQ(trace.args.integer(Arg::kExternalId, 1), 9);
}

TEST(Reader, FaultsAreCountedNotSilent) {
  std::string events = event("\"dur\": 1") + "," +                      // no time
                       event("\"ts\": \"soon\", \"dur\": 1") + "," +    // not a time
                       event("\"ts\": 1") + "," +                       // no duration
                       event("\"ts\": 1, \"dur\": -4") + "," + "17, [1, {\"a\": 2}], null, \"x\"," +
                       "{\"ph\": \"Q\", \"name\": \"?\", \"ts\": 1}," +
                       "{\"ph\": \"X\", \"ts\": 3, \"dur\": 1, \"args\": 5}," +
                       event("\"ts\": 9223372036854775, \"dur\": 9223372036854775");
  Trace trace = read_text(file_of(events));
  EXPECT_EQ(trace.events, 11);
  EXPECT_EQ(trace.size(), 2u);
  EXPECT_EQ(trace.repairs.count(Repair::kNoTime), 1);
  EXPECT_EQ(trace.repairs.count(Repair::kBadTime), 2);
  EXPECT_EQ(trace.repairs.count(Repair::kNoDuration), 1);
  EXPECT_EQ(trace.repairs.count(Repair::kNegativeDuration), 1);
  EXPECT_EQ(trace.repairs.count(Repair::kNotAnObject), 4);
  EXPECT_EQ(trace.repairs.count(Repair::kUnknownPhase), 1);
  EXPECT_EQ(trace.repairs.count(Repair::kBadArgs), 1);
  EXPECT_EQ(trace.repairs.count(Repair::kNoName), 1);
  EXPECT_EQ(trace.repairs.dropped(), 9);
  EXPECT_GT(trace.repairs.first_offset(Repair::kNoDuration), 100);
}

TEST(Reader, BeginAndEndAreJoined) {
  auto mark = [](const char* ph, const char* name, int ts) {
    return cat("{\"ph\": \"", ph, "\", \"cat\": \"cpu_op\", \"name\": \"", name,
               "\", \"pid\": 1, \"tid\": 1, \"ts\": ", ts, "}");
  };
  Trace trace =
      read_text(file_of(mark("B", "outer", 1) + "," + mark("B", "inner", 2) + "," + mark("E", "inner", 5) + "," +
                        mark("E", "outer", 9) + "," + mark("E", "nobody", 10) + "," + mark("B", "open", 11)));
  ASSERT_EQ(trace.size(), 2u);
  EXPECT_EQ(trace.dur_ns, (std::vector<int64_t>{8000, 3000}));
  EXPECT_EQ(trace.repairs.count(Repair::kUnpairedBegin), 2);
  EXPECT_EQ(trace.repairs.count(Repair::kPairedBegin), 2);
}

TEST(Reader, WrongEncodingIsMended) {
  Trace trace = read_text(file_of(
      "{\"ph\": \"X\", \"cat\": \"cpu_op\", \"name\": \"a\xff\xc3[\", \"ts\": 1, \"dur\": 1},"
      "{\"ph\": \"X\", \"cat\": \"cpu_op\", \"name\": \"tab\there\", \"ts\": 1, \"dur\": 1},"
      "{\"ph\": \"X\", \"cat\": \"cpu_op\", \"name\": \"\\u00e9\\ud83d\\ude00\\n\\q\", \"ts\": 1, \"dur\": 1}"));
  EXPECT_EQ(trace.name_of(0), "a??[");
  EXPECT_EQ(trace.name_of(1), "tab here");
  EXPECT_EQ(trace.name_of(2), "\xc3\xa9\xf0\x9f\x98\x80\n\\q");
  EXPECT_EQ(trace.repairs.count(Repair::kBadEncoding), 2);
  EXPECT_EQ(trace.repairs.count(Repair::kControlCharacter), 1);
  EXPECT_EQ(trace.repairs.count(Repair::kBadEscape), 1);
}

TEST(Reader, WhatIsNotATraceIsAnErrorWithItsPlace) {
  EXPECT_NE(error_of("").find("empty"), std::string::npos);
  EXPECT_NE(error_of("  \n ").find("blanks"), std::string::npos);
  EXPECT_NE(error_of("hello").find("byte 0|"), std::string::npos);
  EXPECT_NE(error_of("{\"a\": 1}").find("no traceEvents"), std::string::npos);
  EXPECT_NE(error_of("[[1, 2], [3, 4]]").find("not a trace"), std::string::npos);
  EXPECT_NE(error_of("{\"traceEvents\": []} tail").find("byte 20|"), std::string::npos);
  EXPECT_NE(error_of("{\"traceEvents\": [{\"ph\": \"X\" \"ts\": 1}]}").find("byte 28|"), std::string::npos);
  EXPECT_NE(
      error_of("{\"traceEvents\": [" + event("\"ts\": 1, \"dur\": 1") + " " + event("\"ts\": 1, \"dur\": 1") + "]}")
          .find("',' or ']'"),
      std::string::npos);
  for (const char* inside : {"[1 \"b\"]", "{\"a\" 1}", "{\"a\": 1 \"b\": 2}", "[1,]", "{,}", "[1}", "\"a\" \"b\""}) {
    EXPECT_NE(error_of(cat("{\"traceEvents\": [{\"ph\": \"X\", \"args\": {\"x\": ", inside, "}}]}")).find("expected"),
              std::string::npos)
        << inside;
  }
  EXPECT_NE(
      error_of("{\"traceEvents\": [{\"ph\": \"X\", \"args\": " + std::string(600, '[') + std::string(600, ']') + "}]}")
          .find("512 levels"),
      std::string::npos);
}

TEST(Reader, EmptyListsAreTraces) {
  EXPECT_EQ(read_text("{\"traceEvents\": []}").size(), 0u);
  EXPECT_EQ(read_text("[]").size(), 0u);
  EXPECT_EQ(read_text("[" + event("\"ts\": 1, \"dur\": 1") + "\n").size(),
            1u);  // the format lets the bracket be missing
}

TEST(Reader, EveryCutOfAFileIsAnErrorOrRepaired) {
  TraceText text;
  text.meta("\"distributedInfo\": {\"rank\": 3, \"note\": \"\\u00e9 \\\\\"}")
      .op("aten::mm \"x\" \\", 1.5, 2.25)
      .launch("k<int>(a)", 2, 1, 4, 5);
  std::string whole = text.text();
  ASSERT_EQ(text.read().size(), 3u);
  for (size_t cut = 0; cut + 3 < whole.size(); ++cut) {
    SCOPED_TRACE(cut);
    TestFile file(whole.substr(0, cut));
    EXPECT_THROW(read_trace(file.path()), DataError);
    try {
      Trace trace = read_trace(file.path(), {.accept_torn = true});
      EXPECT_LE(trace.size(), 3u);
      EXPECT_EQ(trace.repairs.count(Repair::kTornEnd), 1);
    } catch (const DataError&) {
      EXPECT_LT(cut, whole.find('[') + 1);  // not yet a trace
    }
  }
}

TEST(Reader, PiecesDoNotMatter) {
  TraceText text;
  for (int i = 0; i < 40; ++i) {
    text.op(cat("op \"", i, "\" \\ \xc3\xa9 ", std::string(static_cast<size_t>(i), 'x')), i * 10, 5.5);
    text.launch("kernel", i * 10 + 1, 1, i * 10 + 3, 2);
  }
  std::string with_lines = text.text(), flat = with_lines;
  std::erase(flat, '\n');
  Trace whole = read_text(with_lines);
  for (const std::string& form : {with_lines, flat}) {
    for (size_t piece : {1u, 7u, 64u, 100u, 333u, 4096u}) {
      Trace trace = read_text(form, {.piece_bytes = piece});
      EXPECT_EQ(trace.ts_ns, whole.ts_ns);
      EXPECT_EQ(trace.index, whole.index);
      ASSERT_EQ(trace.size(), whole.size());
      for (uint32_t row = 0; row < trace.size(); ++row) EXPECT_EQ(trace.name_of(row), whole.name_of(row));
    }
  }
}

TEST(Reader, GzipWholeTornCorruptAndInParts) {
  TraceText text;
  for (int i = 0; i < 2000; ++i) text.op(cat("op ", i * 7919 % 1000), i * 10, 5);
  std::string plain = text.text(), packed = gzip(plain);
  EXPECT_EQ(read_text(packed).size(), 2000u);
  std::string parts = gzip(plain.substr(0, 1000)) + gzip(plain.substr(1000));
  EXPECT_EQ(read_text(parts).size(), 2000u);
  EXPECT_NE(error_of(packed.substr(0, packed.size() / 2)).find("torn"), std::string::npos);
  EXPECT_NE(error_of(packed.substr(0, packed.size() - 4)).find("torn"), std::string::npos);
  EXPECT_NE(error_of(packed + "garbage").find("after the end"), std::string::npos);
  std::string broken = packed;
  for (size_t i = broken.size() / 2; i < broken.size() / 2 + 40; ++i) broken[i] = static_cast<char>(~broken[i]);
  EXPECT_NE(error_of(broken), "");
  Trace half = read_text(packed.substr(0, packed.size() / 2), {.accept_torn = true});
  EXPECT_GT(half.size(), 100u);
  EXPECT_EQ(half.repairs.count(Repair::kTornEnd), 1);
  EXPECT_NE(error_of(gzip("")).find("empty"), std::string::npos);
}

TEST(Reader, MetadataAndMemoryAndLanes) {
  Trace trace = read_text(
      "{\"schemaVersion\": 1, \"distributedInfo\": {\"rank\": 5, \"world_size\": 8}, \"odd\": NaN, \"traceEvents\": ["
      "{\"ph\": \"M\", \"name\": \"thread_name\", \"pid\": 1, \"tid\": 2, \"args\": {\"name\": \"main\"}},"
      "{\"ph\": \"i\", \"name\": \"[memory]\", \"pid\": 1, \"tid\": 2, \"ts\": 4.5, \"args\": {\"Addr\": "
      "18446744073709551615,"
      " \"Bytes\": -512, \"Total Allocated\": 1024, \"Device Type\": 1, \"Device Id\": 0}}], \"traceName\": \"x\"}");
  EXPECT_EQ(trace.rank(), 5);
  EXPECT_EQ(trace.world_size(), 8);
  EXPECT_EQ(trace.metadata["traceName"], "x");
  EXPECT_EQ(trace.repairs.count(Repair::kBadMetadata), 1);
  ASSERT_EQ(trace.memory.size(), 1u);
  EXPECT_EQ(trace.memory[0].bytes, -512);
  EXPECT_EQ(trace.strings.view(trace.lanes[0].thread_name), "main");
}

TEST(Reader, FoldersAndMissingFiles) {
  EXPECT_THROW(find_traces({"/nonexistent/x.json"}), ConfigError);
  EXPECT_THROW(read_trace("/nonexistent/x.json"), DataError);
  EXPECT_THROW(read_trace(std::filesystem::temp_directory_path()), DataError);
}

TEST(Tokens, WholeCharactersAtACut) {
  EXPECT_EQ(whole_characters("ab\xe2\x82", 4), 2u);
  EXPECT_EQ(whole_characters("ab\xe2\x82\xac", 5), 5u);
  EXPECT_EQ(whole_characters("ab", 2), 2u);
  EXPECT_EQ(whole_characters("a\xff", 2), 2u);  // wrong, not cut
}

}  // namespace
}  // namespace hasten::trace
