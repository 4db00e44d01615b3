// Logs that are cut, reordered, saved by other editors, or odd: the answer is the same runs, or an error with a place.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <string>
#include <vector>

#include "hasten/base/error.h"
#include "hasten/base/files.h"
#include "hasten/base/text.h"
#include "hasten/evaluate/comparison.h"
#include "hasten/evaluate/importers/importers.h"
#include "hasten/evaluate/importers/number_text.h"
#include "hasten/evaluate/record_io.h"

namespace hasten::evaluate {
namespace {

namespace fs = std::filesystem;
using Runs = std::vector<evaluate::Run>;

struct Sample {
  const char *format, *file, *text;
};

// One small log of every text format.
const Sample kSamples[] = {
    {"csv", "a.csv", "step,train_time,val_acc\n1,0.5,0.25\n2,1,\"0.5\"\n"},
    {"jsonl", "a.jsonl",
     "{\"step\": 1, \"train_time\": 0.5, \"val\": {\"acc\": 0.25}}\n{\"step\": 2, \"val\": {\"acc\": 0.5}}\n"},
    {"nanogpt", "a.txt",
     "step:0/2 val_loss:4.5 train_time:0ms step_avg:nanms\nstep:2/2 val_loss:3.5 train_time:500ms\n"},
    {"nanogpt", "main.log", "s:0 tel:11.0\ns:250 tel:5.5\n"},
    {"mllog", "r.txt",
     ":::MLLOG {\"time_ms\": 1000, \"key\": \"run_start\", \"value\": null}\n"
     ":::MLLOG {\"time_ms\": 3000, \"key\": \"eval_accuracy\", \"value\": 0.5}\n"},
    {"dawnbench", "d/train/x.tsv", "epoch\thours\ttop1Accuracy\n1\t0.5\t93\n2\t1.5\t94.5\n"}};

class BrokenLogs : public ::testing::TestWithParam<Sample> {
 protected:
  void SetUp() override {
    root_ = fs::temp_directory_path() / cat("hasten_broken_", ::getpid());
    fs::create_directories((root_ / GetParam().file).parent_path());
    if (GetParam().format == std::string("dawnbench"))
      put("d/train/x.json", R"({"hardware":"K80","framework":"f","model":"m","timestamp":"2018-01-01"})");
  }
  void TearDown() override { fs::remove_all(root_); }
  void put(const std::string& name, const std::string& bytes) {
    AppendFile file(root_ / name, 0);
    file.append(bytes);
  }
  Runs read(const std::string& bytes) {
    put(GetParam().file, bytes);
    MemorySink sink;
    find_importer(GetParam().format).read({root_ / GetParam().file}, {}, sink);
    return std::move(sink.runs);
  }
  static std::string events_of(const Runs& runs) {
    std::string text;
    for (const auto& run : runs) {
      for (const EventRecord& event : run.events) text += event_line(event);
    }
    return text;
  }
  fs::path root_;
};

TEST_P(BrokenLogs, ByteOrderMarksAndForeignLineEndsChangeNothing) {
  std::string text = GetParam().text, foreign = "\xEF\xBB\xBF";
  for (char c : text) foreign += c == '\n' ? std::string("\r\n") : std::string(1, c);
  std::string plain = events_of(read(text));
  EXPECT_FALSE(plain.empty());
  EXPECT_EQ(events_of(read(foreign)), plain);
  text.pop_back();
  EXPECT_EQ(events_of(read(text)), plain);  // no newline at the end
}

TEST_P(BrokenLogs, EveryCutIsReadOrRefusedWithItsPlace) {
  std::string text = GetParam().text;
  for (size_t length = 0; length <= text.size(); ++length) {
    try {
      Runs runs = read(text.substr(0, length));
      EXPECT_LE(events_of(runs).size(), 400u);
    } catch (const DataError& error) {
      EXPECT_FALSE(std::string(error.what()).empty());
    } catch (const ConfigError&) {
      // Nothing in it is of this format.
    }
  }
}

TEST_P(BrokenLogs, LinesInAnotherOrderAreKeptAsTheyAre) {
  std::vector<std::string> lines = split(GetParam().text, '\n');
  bool has_header = GetParam().format == std::string("csv") || GetParam().format == std::string("dawnbench");
  std::swap(lines[has_header ? 1 : 0], lines[has_header ? 2 : 1]);
  Runs runs;
  ASSERT_NO_THROW(runs = read(join(lines, "\n")));
  ASSERT_EQ(runs.size(), 1u);
  EXPECT_GE(runs[0].events.size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(All, BrokenLogs, ::testing::ValuesIn(kSamples),
                         [](const auto& info) { return cat(info.param.format, info.index); });

class JsonLines : public ::testing::Test {
 protected:
  Runs read(const std::string& text) {
    fs::path file = fs::temp_directory_path() / cat("hasten_lines_", ::getpid(), ".jsonl");
    write_file_atomic(file, text);
    MemorySink sink;
    try {
      find_importer("jsonl").read({file}, {}, sink);
    } catch (...) {
      fs::remove(file);
      throw;
    }
    fs::remove(file);
    return std::move(sink.runs);
  }
};

TEST_F(JsonLines, KeysAreKnownByNameWhereverTheyStand) {
  std::string longest(200, 'k');
  auto events = read(R"({"step":1,"a":1,"deep":{"x":{"y":2}},"b":3})"
                     "\n"
                     R"({"b":4,"step":2,"deep":{"z":5,"x":{"y":6}},"a":7})"
                     "\n"
                     R"({"\u0061":8, "step" : 3 , ")" +
                     longest +
                     R"(":9})"
                     "\n"
                     R"({")" +
                     longest +
                     R"(":10,"ab":11,"step":4})"
                     "\n")[0]
                    .events;
  auto value = [&](size_t event, const std::string& name) {
    for (const MetricValue& metric : events.at(event).metrics) {
      if (metric.name == name) return metric.value;
    }
    return std::nan("");
  };
  EXPECT_EQ(value(0, "deep.x.y"), 2);
  EXPECT_EQ(value(0, "b"), 3);
  EXPECT_EQ(value(1, "b"), 4);
  EXPECT_EQ(value(1, "deep.z"), 5);
  EXPECT_EQ(value(1, "deep.x.y"), 6);
  EXPECT_EQ(value(1, "a"), 7);
  EXPECT_EQ(value(2, "a"), 8);  // written with an escape
  EXPECT_EQ(value(2, longest), 9);
  EXPECT_EQ(value(3, longest), 10);
  EXPECT_EQ(value(3, "ab"), 11);
  for (int64_t i = 0; i < 4; ++i) EXPECT_EQ(events[static_cast<size_t>(i)].step, i + 1);
}

TEST_F(JsonLines, TwoObjectsOnALineAndEndlessKeysAreRefused) {
  EXPECT_THROW(read("{\"a\":1}{\"a\":2}\n{\"a\":3}\n"), DataError);
  std::string many = "{\"a\":0";
  for (int i = 0; i < 100100; ++i) many += ",\"k" + std::to_string(i) + "\":1";
  EXPECT_THROW(read(many + "}\n"), DataError);
}

// Python's json writes these by default when a run diverges.
TEST_F(JsonLines, PythonsWordsForWhatIsNotFinite) {
  auto events = read(R"({"step":1,"loss":NaN,"note":"a NaN, \"Infinity"})"
                     "\n"
                     R"({"step":2,"loss":[NaN],"val":{"loss": -Infinity },"acc":Infinity})"
                     "\n")[0]
                    .events;
  ASSERT_EQ(events.size(), 2u);
  ASSERT_EQ(events[0].metrics.size(), 1u);
  EXPECT_TRUE(std::isnan(events[0].metrics[0].value));
  ASSERT_EQ(events[1].metrics.size(), 2u);
  EXPECT_EQ(events[1].metrics[0].value, -HUGE_VAL);
  EXPECT_EQ(events[1].metrics[1].value, HUGE_VAL);
  EXPECT_THROW(read("{\"loss\":NaNs}\n"), DataError);
}

TEST(NumberText, OnlyFiniteJsonNumbersPassAsTheyAre) {
  for (const char* text :
       {"0", "-0", "7", "10", "0.5", "-1.25", "1234567.5", "12345678.5", "1.2345678", "0.12345678901234567", "1e5",
        "-1.5E-07", "12345678", "123456789012345678", "0.1e+10", "98765432109876543.5"})
    EXPECT_TRUE(is_json_number(text)) << text;
  for (const char* text : {"",          "-",        ".",     "1.",
                           ".5",        "-.5",      "01",    "-01",
                           "00.5",      "1..2",     "1.2.3", "1e",
                           "1e999",     "1e+",      "+1",    "nan",
                           "0x1",       "1 ",       " 1",    "12345678901234567890123456789012345678901",
                           "1,5",       "1/5",      "1:5",   "12345678.",
                           ".12345678", "1234567a", "--1",   "12345678.1234567x"})
    EXPECT_FALSE(is_json_number(text)) << text;
}

TEST(WholeNumbers, NothingBeyondWhatDoublesCount) {
  EXPECT_EQ(whole_number(7.9), 7);
  EXPECT_EQ(whole_number(-0.5), -1);
  EXPECT_EQ(whole_number(9007199254740992.0), 9007199254740992);
  for (double value : {1e17, -1e300, HUGE_VAL, -HUGE_VAL, std::nan("")}) EXPECT_FALSE(whole_number(value)) << value;
  EventParser parser;
  EXPECT_FALSE(parser.parse("{\"step\":28888888888888888888888888888888888881}", "x").step.has_value());
}

// What is told and not repaired is seen by the lints: a clock that goes back, a step twice.
TEST(ReorderedRows, AreSeenByTheLints) {
  fs::path file = fs::temp_directory_path() / cat("hasten_reordered_", ::getpid(), ".csv");
  write_file_atomic(file,
                    "group,seed,step,train_time,val_acc\nbaseline,1,2,2,0.5\nbaseline,1,1,-1,0.4\nbaseline,1,3,3,0.9\n"
                    "fast,1,1,1,0.5\nfast,1,1,2,0.9\n");
  ImportOptions options;
  fs::path mapping = file;
  mapping.replace_extension(".toml");
  write_file_atomic(mapping,
                    "[rows]\nrun = \"group\"\nseed = \"seed\"\n[fields]\nstep = \"step\"\nt_train = \"train_time\"\n");
  options.mapping = mapping.string();
  options.metric = "validation/acc";
  Comparison comparison = compare(load_runs({file.string()}, options));
  fs::remove(file);
  fs::remove(mapping);
  EXPECT_EQ(comparison.lints[42].id, "L43");
  EXPECT_EQ(comparison.lints[42].outcome, Outcome::kFired);
}

}  // namespace
}  // namespace hasten::evaluate
