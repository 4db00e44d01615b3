// Reading traces: pieces, repairs, and files that are wrong in every way.
#include "hasten/trace/reader.h"

#include <zlib.h>

#include <algorithm>
#include <array>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/trace/test_traces.h"

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

std::string inflated(const std::string& packed) {
  z_stream stream{};
  inflateInit2(&stream, 15 + 16);
  std::string out(packed.size() * 50, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  inflate(&stream, Z_SYNC_FLUSH);
  out.resize(stream.total_out);
  inflateEnd(&stream);
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
  std::string events = event("\"dur\": 1") + "," +  // no time
                       event("\"ts\": \"soon\", \"dur\": 1") + "," +  // not a time
                       event("\"ts\": 1") + "," +  // no duration
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
  // The place is of the file, however it was cut into pieces.
  std::string text = file_of(events);
  for (size_t piece : {64u, 200u, 1u << 20}) {
    Trace again = read_text(text, {.piece_bytes = piece});
    EXPECT_EQ(again.repairs.first_offset(Repair::kNoDuration), static_cast<int64_t>(text.find(event("\"ts\": 1"))));
    EXPECT_EQ(again.repairs.first_offset(Repair::kNotAnObject), static_cast<int64_t>(text.find("17, [")));
  }
}

TEST(Reader, BeginAndEndAreJoined) {
  auto mark = [](const char* ph, const char* name, int ts, int thread = 1) {
    return cat("{\"ph\": \"", ph, "\", \"cat\": \"cpu_op\", \"name\": \"", name, "\", \"pid\": 1, \"tid\": ", thread,
               ", \"ts\": ", ts, ", \"args\": {\"External id\": ", ts, "}}");
  };
  Trace trace = read_text(file_of(
      join({mark("B", "open", 0), mark("B", "outer", 1), mark("B", "inner", 2), mark("B", "other", 3, 2),
            mark("E", "inner", 5), mark("E", "outer", 9), mark("E", "other", 20, 2), mark("E", "nobody", 21, 2)},
           ",")));
  ASSERT_EQ(trace.size(), 3u);
  EXPECT_EQ(trace.dur_ns, (std::vector<int64_t>{8000, 3000, 17000}));
  // The row that was taken out takes its arguments with it.
  for (uint32_t row = 0; row < 3; ++row) {
    EXPECT_EQ(trace.name_of(row), (std::array{"outer", "inner", "other"}[row]));
    EXPECT_EQ(trace.args.integer(Arg::kExternalId, row), row + 1);
  }
  EXPECT_EQ(trace.paired, (std::vector<uint32_t>{0, 1, 2}));
  EXPECT_EQ(trace.repairs.count(Repair::kUnpairedBegin), 2);
  EXPECT_EQ(trace.repairs.count(Repair::kPairedBegin), 3);
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

TEST(Reader, ByteOrderMarks) {
  std::string text = file_of(event("\"ts\": 1, \"dur\": 2"));
  Trace trace = read_text("\xef\xbb\xbf" + text);
  EXPECT_EQ(trace.size(), 1u);
  EXPECT_EQ(trace.repairs.count(Repair::kByteOrderMark), 1);
  EXPECT_EQ(trace.text_bytes, static_cast<int64_t>(text.size()) + 3);
  EXPECT_NE(error_of("\xef\xbb\xbf" + text + "x").find(cat("byte ", text.size() + 3)), std::string::npos);
  EXPECT_NE(error_of("\xff\xfe{").find("UTF-16"), std::string::npos);
  EXPECT_NE(error_of("\xfe\xff{").find("UTF-16"), std::string::npos);
}

TEST(Reader, EveryKindOfWrongUtf8) {
  struct Case {
    const char *text, *read;
    int64_t wrong;
  };
  for (const Case& c :
       std::initializer_list<Case>{{"\xc0\x80", "??", 2},  // overlong
                                   {"\xe0\x9f\x80", "???", 3},  // overlong
                                   {"\xed\xa0\x80", "???", 3},  // a surrogate
                                   {"\xf0\x8f\x80\x80", "????", 4},  // overlong
                                   {"\xf4\x90\x80\x80", "????", 4},  // above U+10FFFF
                                   {"\xf5\x80", "??", 2},  // no such lead
                                   {"\xe2\x82z", "??z", 2},  // cut off
                                   {"\xff\xf4\x8f\xbf\xbf", "?\xf4\x8f\xbf\xbf", 1},  // and what is right stays
                                   {"\xff\xe0\xa0\x80\xed\x9f\xbf", "?\xe0\xa0\x80\xed\x9f\xbf", 1}}) {
    std::string text = file_of(cat("{\"ph\": \"X\", \"name\": \"", c.text, "\", \"ts\": 1, \"dur\": 1}"));
    Trace trace = read_text(text);
    EXPECT_EQ(trace.name_of(0), c.read);
    EXPECT_EQ(trace.repairs.count(Repair::kBadEncoding), c.wrong) << c.read;
    EXPECT_EQ(trace.repairs.first_offset(Repair::kBadEncoding), static_cast<int64_t>(text.find(c.text)));
  }
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
  EXPECT_THROW(read_text("[" + event("\"ts\": 1, \"dur\": 1") + ",\n"), DataError);  // but not an event
  EXPECT_EQ(read_text("{\"traceEvents\": [], \"traceName\": \"x\"}").metadata["traceName"], "x");
  EXPECT_EQ(read_text("[]").repairs.dropped(), 0);
}

TEST(Reader, EveryCutOfAFileIsAnErrorOrRepaired) {
  TraceText text;
  text.meta("\"distributedInfo\": {\"rank\": 3, \"note\": \"\\u00e9 \\\\\"}")
      .op("aten::mm \"x\" \\", 1.5, 2.25)
      .launch("k<int>(a)", 2, 1, 4, 5);
  std::string whole = text.text();
  ASSERT_EQ(text.read().size(), 3u);
  std::vector<size_t> ends;  // of the events: each stands on a line of its own
  for (size_t at = whole.find("}}"); at != std::string::npos; at = whole.find("}}", at + 2)) ends.push_back(at + 2);
  ASSERT_EQ(ends.size(), 3u);
  for (size_t cut = 0; cut + 3 < whole.size(); ++cut) {
    SCOPED_TRACE(cut);
    TestFile file(whole.substr(0, cut));
    EXPECT_THROW(read_trace(file.path()), DataError);
    try {
      Trace trace = read_trace(file.path(), {.accept_torn = true});
      // Every event that is whole, and no other.
      EXPECT_EQ(trace.size(), std::upper_bound(ends.begin(), ends.end(), cut) - ends.begin());
      EXPECT_EQ(trace.repairs.count(Repair::kTornEnd), 1);
      EXPECT_EQ(trace.rank(), 3);
    } catch (const DataError&) {
      EXPECT_LT(cut, whole.find('[') + 1);  // not yet a trace
    }
  }
}

TEST(Reader, ATornValueIsNotTaken) {
  std::string head = file_of(event("\"ts\": 1, \"dur\": 1"));
  head.pop_back();
  std::string text = head + ", \"traceName\": \"a long name\", \"list\": [1, 2, {\"a\": \"b\"}], \"last\": 12345}";
  for (size_t cut = head.size(); cut < text.size(); ++cut) {
    SCOPED_TRACE(cut);
    TestFile file(text.substr(0, cut));
    Trace trace = read_trace(file.path(), {.accept_torn = true});
    EXPECT_EQ(trace.size(), 1u);
    EXPECT_EQ(trace.repairs.count(Repair::kTornEnd), 1);
    if (trace.metadata.contains("traceName")) {
      EXPECT_EQ(trace.metadata["traceName"], "a long name");
    }
    EXPECT_FALSE(trace.metadata.contains("last"));
    if (trace.metadata.contains("list")) {
      EXPECT_EQ(trace.metadata["list"].size(), 3u);
    }
  }
}

TEST(Reader, PiecesDoNotMatter) {
  TraceText text;
  for (int i = 0; i < 40; ++i) {
    text.op(cat("op \"", i, "\" \\ \xc3\xa9 ", std::string(static_cast<size_t>(i), 'x')), i * 10, 5.5);
    text.launch("kernel", i * 10 + 1, 1, i * 10 + 3, 2);
  }
  text.raw("{\"ph\": \"M\", \"name\": \"thread_name\", \"pid\": 1, \"tid\": 1, \"args\": {\"name\": \"main\"}}");
  text.raw("{\"ph\": \"i\", \"name\": \"[memory]\", \"ts\": 4, \"args\": {\"Bytes\": 12, \"Total Allocated\": 34}}");
  text.meta("\"distributedInfo\": {\"rank\": 3, \"note\": [\"] } \\\" \", {}]}");
  std::string with_lines = text.text(), flat = with_lines;
  std::erase(flat, '\n');
  Trace whole = read_text(with_lines);
  ASSERT_EQ(whole.size(), 120u);
  EXPECT_EQ(whole.rank(), 3);
  for (const std::string& form : {with_lines, flat}) {
    for (size_t piece : {1u, 7u, 64u, 100u, 333u, 4096u}) {
      SCOPED_TRACE(piece);
      Trace trace = read_text(form, {.piece_bytes = piece});
      EXPECT_EQ(trace.ts_ns, whole.ts_ns);
      EXPECT_EQ(trace.dur_ns, whole.dur_ns);
      EXPECT_EQ(trace.index, whole.index);
      EXPECT_EQ(trace.stream, whole.stream);
      EXPECT_EQ(trace.correlation, whole.correlation);
      EXPECT_EQ(trace.lane, whole.lane);
      EXPECT_EQ(trace.metadata, whole.metadata);
      EXPECT_EQ(trace.events, 122);
      EXPECT_EQ(trace.text_bytes, static_cast<int64_t>(form.size()));
      EXPECT_EQ(trace.args.column(Arg::kDevice).rows, whole.args.column(Arg::kDevice).rows);
      EXPECT_EQ(trace.strings.view(trace.lanes[0].thread_name), "main");
      ASSERT_EQ(trace.memory.size(), 1u);
      EXPECT_EQ(trace.memory[0].allocated, 34);
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
  EXPECT_NE(error_of(broken).find("corrupt"), std::string::npos);
  std::string wrong_sum = packed;
  wrong_sum[packed.size() - 6] = static_cast<char>(~wrong_sum[packed.size() - 6]);
  EXPECT_NE(error_of(wrong_sum).find("corrupt"), std::string::npos);
  // Of a torn file as many events as the bytes that can be inflated hold.
  std::string start = inflated(packed.substr(0, packed.size() / 2));
  ASSERT_EQ(plain.substr(0, start.size()), start);
  size_t complete = 0;
  for (size_t at = start.find("}}"); at != std::string::npos; at = start.find("}}", at + 2)) ++complete;
  ASSERT_GT(complete, 100u);
  Trace half = read_text(packed.substr(0, packed.size() / 2), {.accept_torn = true});
  EXPECT_EQ(half.size(), complete);
  EXPECT_EQ(half.repairs.count(Repair::kTornEnd), 1);
  EXPECT_NE(error_of(gzip("")).find("empty"), std::string::npos);
}

TEST(Reader, MetadataAndMemoryAndLanes) {
  Trace trace = read_text(
      "{\"schemaVersion\": 1, \"distributedInfo\": {\"rank\": 5, \"world_size\": 8}, \"odd\": NaN, \"traceEvents\": ["
      "{\"ph\": \"M\", \"name\": \"thread_name\", \"pid\": 1, \"tid\": 2, \"args\": {\"name\": \"main\"}},"
      "{\"ph\": \"M\", \"name\": \"process_name\", \"pid\": 1, \"tid\": 0, \"args\": {\"name\": \"python\"}},"
      "{\"ph\": \"i\", \"name\": \"other\", \"pid\": 1, \"tid\": 2, \"ts\": 4, \"args\": {\"Bytes\": 1}},"
      "{\"ph\": \"i\", \"name\": \"[memory]\", \"pid\": 1, \"tid\": 2, \"ts\": 4.5, \"args\": {\"Addr\": "
      "18446744073709551615,"
      " \"Bytes\": -512, \"Total Allocated\": 1024, \"Total Reserved\": 2048, \"Device Type\": 1, \"Device Id\": 3}}],"
      " \"traceName\": \"x\", \"baseTimeNanoseconds\": 77}");
  EXPECT_EQ(trace.rank(), 5);
  EXPECT_EQ(trace.world_size(), 8);
  EXPECT_EQ(trace.base_ns(), 77);
  EXPECT_EQ(trace.metadata["traceName"], "x");
  EXPECT_EQ(trace.repairs.count(Repair::kBadMetadata), 1);
  EXPECT_EQ(trace.instants, 2);
  ASSERT_EQ(trace.memory.size(), 1u);
  const MemoryEvent& memory = trace.memory[0];
  EXPECT_EQ(memory.ts_ns, 4500);
  EXPECT_EQ(memory.address, -1);
  EXPECT_EQ(memory.bytes, -512);
  EXPECT_EQ(memory.allocated, 1024);
  EXPECT_EQ(memory.reserved, 2048);
  EXPECT_EQ(memory.device_type, 1);
  EXPECT_EQ(memory.device_id, 3);
  EXPECT_EQ(trace.strings.view(trace.lanes[0].thread_name), "main");
  EXPECT_EQ(trace.strings.view(trace.lanes[0].process_name), "python");
}

TEST(Reader, FoldersAndMissingFiles) {
  EXPECT_THROW(find_traces({"/nonexistent/x.json"}), ConfigError);
  EXPECT_THROW(read_trace("/nonexistent/x.json"), DataError);
  EXPECT_THROW(read_trace(std::filesystem::temp_directory_path()), DataError);
  auto folder = std::filesystem::temp_directory_path() / cat("hasten_folder_", ::getpid());
  std::filesystem::create_directories(folder / "below.json");
  EXPECT_THROW(find_traces({folder}), ConfigError);  // a folder is no trace, whatever its name
  for (const char* name : {"b.json.gz", "a.json", "c.txt", "below.json/d.json"}) std::ofstream(folder / name) << "[]";
  using Paths = std::vector<std::filesystem::path>;
  EXPECT_EQ(find_traces({folder}), (Paths{folder / "a.json", folder / "b.json.gz"}));
  EXPECT_EQ(find_traces({folder / "c.txt", folder}),
            (Paths{folder / "c.txt", folder / "a.json", folder / "b.json.gz"}));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace hasten::trace
