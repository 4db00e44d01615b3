// The run record: what is written reads back, torn lines are counted, newer versions are refused.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "hasten/base/error.h"
#include "hasten/base/files.h"
#include "hasten/base/json.h"
#include "hasten/evaluate/record_io.h"

namespace hasten::evaluate {
namespace {

namespace fs = std::filesystem;

class RecordTest : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = fs::temp_directory_path() / ("hasten_record_" + std::to_string(::getpid()));
    fs::remove_all(directory_);
  }
  void TearDown() override { fs::remove_all(directory_); }
  fs::path directory_;
};

RunRecord full_record() {
  RunRecord record;
  record.id = "fast-s1";
  record.group = "fast";
  record.role = Role::kMethod;
  record.recipe_json = R"({"optimizer":{"lr":0.1,"name":"sgd"},"name":"fast"})";
  record.recipe_hash = "00ff";
  record.methods = {"ema", "label_smoothing"};
  record.metric.name = "accuracy";
  record.metric.split = "test";
  record.metric.target = 0.9;
  record.planned.text = "8ep";
  record.planned.steps = 100;
  record.time_to_target = "first";
  record.executed.train_s = 12.5;
  record.seed = 7;
  record.data = {{.id = "toy", .hash = "aa", .split = "train", .use = "train", .samples = 60000}};
  record.hardware.cpu = "A CPU";
  record.hardware.cores = 2;
  record.software.libraries = {{"libtorch", "2.13"}};
  record.clocks.compile = false;
  record.tuning.trials = 3;
  record.tuning.ranges = {{.name = "optimizer.lr", .low = 1e-3, .high = 1.0, .log = true, .values = {}}};
  record.auxiliary.emplace_back().kind = "teacher";
  record.auxiliary.back().seconds = 5.0;
  record.status = Status::kOk;
  record.not_found = {"joules"};
  return record;
}

TEST_F(RecordTest, RunJsonReadsBack) {
  write_run_record(directory_, full_record());
  auto run = read_run(directory_);
  EXPECT_EQ(to_json(run.record), to_json(full_record()));
  EXPECT_EQ(run.record.role, Role::kMethod);
  EXPECT_EQ(run.record.metric.target, 0.9);
  EXPECT_EQ(run.record.time_to_target, "first");
  EXPECT_FALSE(run.record.executed.joules.has_value());
  EXPECT_EQ(run.record.tuning.ranges.at(0).log, true);
  EXPECT_EQ(recipe(run.record)["optimizer"]["lr"], 0.1);
  EXPECT_EQ(recipe(run.record).items().begin().key(), "optimizer");  // order kept
}

TEST_F(RecordTest, UnknownFieldsAreIgnoredAndUnknownVersionsRefused) {
  fs::create_directories(directory_);
  write_file_atomic(directory_ / "run.json", R"({"version": 1, "id": "a", "later": {"x": 1}, "executed": null})");
  EXPECT_EQ(read_run(directory_).record.id, "a");
  write_file_atomic(directory_ / "run.json", R"({"version": 2, "id": "a"})");
  try {
    read_run(directory_);
    FAIL();
  } catch (const DataError& error) {
    EXPECT_NE(std::string(error.what()).find("version 2, this program reads up to 1"), std::string::npos);
    EXPECT_EQ(error.hint(), "use a newer hasten");
  }
}

TEST_F(RecordTest, WrongTypesNameTheField) {
  auto message = [](const char* text) -> std::string {
    try {
      record_from_json(parse_json(text, "run.json"), "run.json");
    } catch (const DataError& error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_EQ(message(R"({"version":1,"id":"a","hardware":{"cores":"two"}})"),
            "run.json, field hardware.cores: expected a number, got \"two\"");
  EXPECT_EQ(message(R"({"version":1,"id":"a","status":"fine"})").substr(0, 60),
            "run.json, field status: expected one of unknown, running, ok");
  EXPECT_EQ(message(R"({"version":1,"id":"a","data":[{"samples":1.5}]})"),
            "run.json, field data[0].samples: expected a whole number, got 1.5");
  EXPECT_EQ(message(R"({"id":"a"})"), "run.json, field version: missing: this is no run record");
  EXPECT_EQ(message(R"({"version":1})"), "run.json, field id: missing");
  EXPECT_EQ(message("{\"version\":1e9999}"), "run.json: a number in it is too large");
  EXPECT_EQ(message("[]"), "run.json: expected an object with the fields of a run record");
}

TEST_F(RecordTest, EventsReadBackExactly) {
  fs::create_directories(directory_);
  EventRecord event;
  event.step = 12;
  event.t_train = 0.1;
  event.samples = 1e9;
  event.joules = std::nullopt;
  event.metrics = {{"loss", "train", std::nan("")}, {"accuracy", "test", 0.30000000000000004, "ema"}};
  event.note = "a \"quoted\" note\n";
  EventLog log(directory_);
  log.append(event);
  log.sync();
  std::vector<EventRecord> events;
  EXPECT_EQ(read_events(directory_ / "events.jsonl", [&](EventRecord&& e) { events.push_back(e); }), 0);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].step, 12);
  EXPECT_EQ(events[0].t_train, 0.1);
  EXPECT_FALSE(events[0].joules.has_value());
  EXPECT_TRUE(std::isnan(events[0].metrics.at(0).value));
  EXPECT_EQ(events[0].metrics.at(1).value, 0.30000000000000004);
  EXPECT_EQ(events[0].metrics.at(1).weights, "ema");
  EXPECT_EQ(events[0].note, event.note);
}

TEST_F(RecordTest, ResumingCutsTheLogAndSaysSo) {
  write_run_record(directory_, full_record());
  int64_t checkpoint = 0;
  {
    EventLog log(directory_);
    EventRecord event;
    event.step = 1;
    log.append(event);
    checkpoint = log.offset();
    event.step = 2;
    log.append(event);
  }
  {
    std::ofstream torn(directory_ / "events.jsonl", std::ios::app);
    torn << R"({"step":3,"t_tr)";
  }
  auto killed = read_run(directory_);
  EXPECT_EQ(killed.events.size(), 2u);
  EXPECT_EQ(killed.dropped_lines, 1);
  EventLog resumed(directory_, checkpoint, 1);
  auto run = read_run(directory_);
  ASSERT_EQ(run.events.size(), 2u);
  EXPECT_EQ(run.events[1].kind, "restart");
  EXPECT_EQ(run.events[1].step, 1);
  EXPECT_EQ(run.dropped_lines, 0);
}

TEST_F(RecordTest, ABrokenLineInTheMiddleIsAnError) {
  fs::create_directories(directory_);
  write_file_atomic(directory_ / "events.jsonl", "{\"step\":1}\n{\"step\":\n{\"step\":3}\n");
  try {
    read_events(directory_ / "events.jsonl", [](EventRecord&&) {});
    FAIL();
  } catch (const DataError& error) {
    EXPECT_EQ(error.location(), "line 2");
  }
}

TEST_F(RecordTest, FindsRunsAtAnyDepthOnceAndSorted) {
  for (const char* name : {"b", "a", "deep/er"}) write_run_record(directory_ / name, full_record());
  auto runs = find_runs({directory_.string(), (directory_ / "a" / "run.json").string()});
  ASSERT_EQ(runs.size(), 3u);
  EXPECT_EQ(runs[0], directory_ / "a");
  EXPECT_EQ(runs[2], directory_ / "deep" / "er");
  EXPECT_THROW(find_runs({(directory_ / "absent").string()}), ConfigError);
  fs::create_directories(directory_ / "empty");
  EXPECT_THROW(find_runs({(directory_ / "empty").string()}), ConfigError);
}

}  // namespace
}  // namespace hasten::evaluate
