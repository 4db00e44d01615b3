// What TensorBoard is given, read back by our own reader of its files.
#include "hasten/evaluate/tensorboard_log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <map>

#include "hasten/evaluate/importers/tfrecord.h"
#include "hasten/evaluate/record_io.h"

namespace hasten::evaluate {
namespace {

namespace fs = std::filesystem;

class TensorboardLogTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("hasten_tensorboard_" + std::to_string(::getpid()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  static EventRecord event(int64_t step, double loss) {
    EventRecord out;
    out.step = step;
    out.t_total = 0.5 * static_cast<double>(step);
    out.lr = 0.25;
    out.metrics = {{"loss", "train", loss, "raw"}, {"accuracy", "test", 0.5, "ema"}};
    return out;
  }
  // Tag and step to value.
  std::map<std::pair<std::string, int64_t>, double> written() const {
    std::map<std::pair<std::string, int64_t>, double> all;
    TfRecordReader reader(folder_ / TensorboardLog::kFile);
    std::string_view record;
    double last = 0;
    while (reader.next(record)) {
      ScalarEvent event;
      EXPECT_TRUE(parse_event(record, event));
      EXPECT_GE(event.wall_time, last);
      last = event.wall_time;
      for (const Scalar& scalar : event.scalars) {
        const bool fresh = all.emplace(std::pair(std::string(scalar.tag), event.step), scalar.value).second;
        EXPECT_TRUE(fresh) << scalar.tag << " twice at " << event.step;
      }
    }
    return all;
  }
  fs::path folder_;
};

TEST_F(TensorboardLogTest, HoldsWhatEventsSay) {
  TensorboardLog log(folder_);
  log.append(event(50, 1.5));
  log.append(event(100, 0.75));
  const auto all = written();
  EXPECT_EQ(all.at({"train/loss", 50}), 1.5);
  EXPECT_EQ(all.at({"train/loss", 100}), 0.75);
  EXPECT_EQ(all.at({"test/accuracy (ema)", 100}), 0.5);
  EXPECT_EQ(all.at({"progress/lr", 50}), 0.25);
  EXPECT_EQ(all.size(), 6U);
}

// A run that goes on from step 50 forgets what it did later, here as in events.jsonl.
TEST_F(TensorboardLogTest, AfterARestartBothLogsAgree) {
  int64_t offset = 0;
  {
    EventLog events(folder_);
    TensorboardLog log(folder_);
    for (int64_t step : {50, 100}) {
      events.append(event(step, 1.0));
      log.append(event(step, 1.0));
      if (step == 50) offset = events.offset();
    }
  }
  EventLog events(folder_, offset, 50);
  TensorboardLog log(folder_);
  log.append(event(100, 2.0));
  const auto all = written();
  EXPECT_EQ(all.at({"train/loss", 50}), 1.0);
  EXPECT_EQ(all.at({"train/loss", 100}), 2.0);
}

}  // namespace
}  // namespace hasten::evaluate
