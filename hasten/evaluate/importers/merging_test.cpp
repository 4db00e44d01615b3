// Logs that must be told apart, joined, or marked: names, steps, restarts, runs that failed.
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "hasten/base/text.h"
#include "hasten/evaluate/importers/test_logs.h"

namespace hasten::evaluate {
namespace {

// A tag that goes back says so wherever in a file it does; tags that count by another step do not.
TEST_F(ImportTest, TensorboardRestartsAreSeenAnywhere) {
  std::string bytes;
  for (char step : {1, 2, 3, 4}) bytes += frame(scalar_record(1, 100, step, "train/loss"));
  bytes += frame(scalar_record(1, 101, 1, "val/acc"));
  for (char step : {5, 3}) bytes += frame(scalar_record(1, 102, step, "train/loss"));
  bytes += frame(scalar_record(1, 103, 2, "val/acc")) + frame(scalar_record(1, 104, 4, "train/loss"));
  const auto events = read("run/events.out.tfevents.1.host", bytes)[0].events;
  ASSERT_EQ(events.size(), 10u);
  for (size_t i = 0; i < events.size(); ++i) EXPECT_EQ(events[i].kind, i == 6 ? "restart" : "") << i;
  EXPECT_EQ(events[6].step, 3);
}

// The same name in two folders is two runs, and two recipes.
TEST_F(ImportTest, FoldersOfOneNameAreToldApart) {
  const std::string log = "step:2/2 val_loss:3.2 train_time:5ms\n", table = "step,val_acc\n1,0.5\n";
  std::map<std::string, std::set<std::string>> ids, groups;
  for (const char* folder : {"a/logs/", "b/logs/", "c/"}) {
    put(cat("nanogpt/", folder, "r1.txt"), log);
    put(cat("csv/", folder, "version_0/metrics.csv"), table);
    put(cat("jsonl/", folder, "r1.jsonl"), "{\"step\":1,\"loss\":1}\n");
    put(cat("tensorboard/", folder, "events.out.tfevents.1.host"), frame(scalar_record()));
    put(cat("mllog/", folder, "r1.txt"), ":::MLLOG {\"time_ms\": 1, \"key\": \"run_start\", \"value\": null}\n");
  }
  for (const char* format : {"nanogpt", "csv", "jsonl", "tensorboard", "mllog"}) {
    for (const auto& run : load_runs({(root_ / format).string()})) {
      ids[format].insert(run.record.id);
      groups[format].insert(run.record.group);
    }
    EXPECT_EQ(ids[format].size(), 3u) << format;
    EXPECT_EQ(groups[format].size(), 3u) << format;
  }
  EXPECT_EQ(groups["nanogpt"], (std::set<std::string>{"a/logs", "b/logs", "c"}));
  EXPECT_EQ(groups["tensorboard"], groups["nanogpt"]);
  EXPECT_EQ(ids["nanogpt"], (std::set<std::string>{"a/logs/r1", "b/logs/r1", "c/r1"}));
  EXPECT_TRUE(ids["csv"].count("c/version_0/metrics"));
  // Given one by one they are no more alike; a folder named twice is read once.
  for (const char* format : {"nanogpt", "csv", "jsonl", "tensorboard", "mllog"}) {
    auto under = [&](const char* folder) { return (root_ / format / folder).string(); };
    std::set<std::string> given;
    for (const auto& run : load_runs({under("a"), under("b"), under("a/"), under("a/../c")}))
      given.insert(run.record.group);
    EXPECT_EQ(given, groups[format]) << format;
    EXPECT_EQ(load_runs({under("a"), under("b"), under("a/"), under("a/../c")}).size(), 3u) << format;
  }
  // Two kinds of file beside each other keep their endings.
  auto names = names_of_files({"x/r.txt", "x/r.full", "x/s.txt"});
  EXPECT_EQ(names["x/r.full"], "r.full");
  EXPECT_EQ(names["x/s.txt"], "s");
}

TEST_F(ImportTest, NanogptRunsThatDivergeOrStopSaySo) {
  auto nan = read("a.txt", "step:5/10 val_loss:3.2 train_time:5ms\nstep:10/10 val_loss:nan train_time:9ms\n");
  EXPECT_TRUE(std::isnan(nan[0].events.at(1).metrics.at(0).value));
  EXPECT_EQ(nan[0].record.status, Status::kDiverged);
  EXPECT_EQ(nan[0].record.first_bad_step, 10);
  auto inf = read("b.txt", "step:9/10 val_loss:-inf train_time:5ms\nstep:10/10 val_loss:inf\n");
  EXPECT_EQ(inf[0].events.at(0).metrics.at(0).value, -HUGE_VAL);
  EXPECT_EQ(inf[0].events.at(1).metrics.at(0).value, HUGE_VAL);
  EXPECT_EQ(read("c.txt", "step:5/10 val_loss:3.2 train_time:5ms\n")[0].record.status, Status::kInterrupted);
}

// Rows sorted by metric, as a database gives them, are joined by step; clocks count from the least time.
TEST_F(ImportTest, RowsOfOneMetricEachAreJoinedByStep) {
  ImportOptions mlflow;
  mlflow.mapping = "mlflow";
  auto runs = read("m.csv",
                   "run_id,key,value,step,timestamp\n"
                   "r,val_acc,0.7,1,11000\nr,val_acc,0.5,0,2000\nr,train_loss,nan,0,1000\nr,train_loss,2,1,10000\n"
                   // Without steps, or resumed: a metric comes again.
                   "s,loss,1,0,1000\ns,loss,2,0,3000\ns,acc,0.5,0,2000\n",
                   mlflow);
  ASSERT_EQ(runs.size(), 2u);
  const auto& joined = runs[0].events;
  ASSERT_EQ(joined.size(), 2u);
  EXPECT_EQ(joined[0].step, 0);
  EXPECT_EQ(joined[0].t_total, 1);  // when the last of them was known
  ASSERT_EQ(joined[0].metrics.size(), 2u);
  EXPECT_EQ(joined[0].metrics[0].value, 0.5);
  EXPECT_TRUE(std::isnan(joined[0].metrics[1].value));
  EXPECT_EQ(joined[1].t_total, 10);
  EXPECT_EQ(runs[0].record.executed.steps, 1);
  ASSERT_EQ(runs[1].events.size(), 3u);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(runs[1].events[i].t_total, static_cast<double>(i));
  EXPECT_EQ(runs[1].events[1].metrics[0].name, "acc");
}

TEST_F(ImportTest, AColumnMarksCyclicPoints) {
  ImportOptions options;
  options.mapping = put("map.toml", "[rows]\nrun = \"run\"\nkind = \"kind\"\n").string();
  for (const auto& runs :
       {read("t.csv", "kind,run,val_acc\nstandard,a,0.5\ncyclic,b,0.5\ncyclic,b,0.6\n", options),
        read("t.jsonl", "{\"kind\":\"standard\",\"run\":\"a\"}\n{\"kind\":\"cyclic\",\"run\":\"b\"}\n", options)}) {
    ASSERT_EQ(runs.size(), 2u);
    EXPECT_EQ(runs[0].record.point, PointKind::kStandard);
    EXPECT_EQ(runs[1].record.point, PointKind::kCyclic);
  }
  EXPECT_NE(error_of("t.csv", "kind,run,val_acc\nround,a,1\n", options).find("standard or cyclic"), std::string::npos);
  EXPECT_NE(error_of("t.csv", "kind,run,val_acc\ncyclic,a,1\nstandard,a,1\n", options).find("of a run"),
            std::string::npos);
}

// A submission of one board is not that of the next, whether the boards come as one folder or one by one.
TEST_F(ImportTest, AlgoperfBoardsAreToldApart) {
  for (const char* board : {"v0.5/external", "v0.6/external"}) {
    put(cat(board, "/adam/study_0/fastmri_jax/trial_1/eval_measurements.csv"),
        "global_step,score,validation/ssim\n1,2,0.5\n");
  }
  auto found = [&](const std::vector<std::string>& below) {
    std::vector<std::string> paths;
    for (const std::string& path : below) paths.push_back((root_ / path).string());
    std::set<std::string> names;
    for (const auto& run : load_runs(paths)) names.insert(run.record.group + " " + run.record.id);
    return names;
  };
  const std::set<std::string> both{"v0.5/external/adam v0.5/external/adam/study_0/fastmri/trial_1",
                                   "v0.6/external/adam v0.6/external/adam/study_0/fastmri/trial_1"};
  EXPECT_EQ(found({""}), both);
  EXPECT_EQ(found({"v0.5", "v0.6/external"}), both);
  EXPECT_EQ(found({"v0.5", "v0.5/external"}), std::set<std::string>{"adam adam/study_0/fastmri/trial_1"});
}

TEST_F(ImportTest, AlgoperfSecondsOfLoggingAreKept) {
  put("board/x/study_0/toy_jax/trial_1/eval_measurements.csv",
      "accumulated_eval_time,accumulated_logging_time,global_step,score,total_duration,validation/loss\n"
      "2,0.25,1,10,12.5,0.5\n4,0.5,2,20,25,0.4\n");
  EXPECT_EQ(load_runs({(root_ / "board").string()}).at(0).record.executed.logging_s, 0.5);
}

TEST_F(ImportTest, NamesThatAreNoUtf8AreStillReadable) {
  auto runs = read("a.csv", "step,\xC3\xA4,lo\xFFss,cut\xE2\x82\n1,1,2,3\n");
  ASSERT_EQ(runs[0].events.at(0).metrics.size(), 3u);
  EXPECT_EQ(runs[0].events[0].metrics[0].name, "\xC3\xA4");
  EXPECT_EQ(runs[0].events[0].metrics[1].name, "lo\xEF\xBF\xBDss");
  EXPECT_EQ(runs[0].events[0].metrics[2].name, "cut\xEF\xBF\xBD\xEF\xBF\xBD");
}

}  // namespace
}  // namespace hasten::evaluate
