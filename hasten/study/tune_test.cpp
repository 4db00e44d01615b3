// Searches, with runs that only pretend: who is tried for how long, what is written, going on, and runs beside each other.
#include "hasten/study/tune.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <mutex>
#include <set>
#include <thread>

#include "hasten/base/error.h"
#include "hasten/base/files.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/evaluate/record_io.h"
#include "hasten/spec/toml.h"

namespace hasten {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPlain = R"(
name = "plain"
[workload]
dataset = "synthetic"
target = 0.9
[model]
family = "mlp"
[optimizer]
name = "sgd"
lr = 0.1
[batch]
size = 50
[budget]
train = "9ep"
[tuning]
trials = 1
)";
constexpr const char* kSpace = R"(
optimizer.lr = {low = 1e-3, high = 10.0, scale = "log"}
[recipe.other]
batch.size = {low = 20, high = 100}
)";

const Registry& no_methods() {
  static const Registry registry{std::vector<MethodEntry>{}};
  return registry;
}

class TuneTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("tune_test_" + std::to_string(getpid()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    std::string other = kPlain;
    other.replace(other.find("plain"), 5, "other");
    other.replace(other.find("trials = 1"), 10, "trials = 30\nselected_on = \"test\"");
    write_file_atomic(folder_ / "plain.toml", kPlain);
    write_file_atomic(folder_ / "other.toml", other);
    write_file_atomic(folder_ / "space.toml", kSpace);
  }
  void TearDown() override { fs::remove_all(folder_); }

  TuneOptions options(const std::string& out = "out") const {
    TuneOptions options;
    options.recipes = {folder_ / "plain.toml", folder_ / "other.toml"};
    options.space = folder_ / "space.toml";
    options.trials = 9;
    options.out = folder_ / out;
    options.command = "hasten tune";
    return options;
  }
  // Runs whose quality is best at a rate of 0.3 and grows with the budget; rates above 5 diverge. Ten seconds each.
  RunLauncher pretend(int64_t interrupt_after = 1000) {
    left_ = interrupt_after;
    return [this](const RunRequest& request) {
      std::unique_lock<std::mutex> lock(mutex_);
      if (left_-- <= 0) return RunEnd::kInterrupted;
      launched_.push_back(request);
      most_beside_ = std::max(most_beside_, ++beside_);
      lock.unlock();
      if (slow_) std::this_thread::sleep_for(std::chrono::milliseconds(3));
      const double lr = request.recipe.optimizer.params.get("lr").get<double>();
      evaluate::Run run;
      run.record.id = "r";
      run.record.group = request.group;
      run.record.metric.name = "accuracy";
      run.record.metric.split = "validation";
      run.record.status = lr > 5 ? evaluate::Status::kDiverged : evaluate::Status::kOk;
      run.record.executed.total_s = 10;
      run.record.executed.flops = 100;
      evaluate::write_run_record(request.out, run.record);
      evaluate::EventLog log(request.out);
      evaluate::EventRecord event;
      event.step = 1;
      event.metrics.push_back({"accuracy", "validation",
                               0.5 - 0.1 * std::abs(std::log(lr / 0.3)) + 0.01 * request.recipe.budget.value, "raw"});
      log.append(event);
      lock.lock();
      --beside_;
      return RunEnd::kFinished;
    };
  }
  TuneResult run(const TuneOptions& given, int64_t interrupt_after = 1000) {
    TunePlan plan = plan_tune(given, no_methods());
    return run_tune(plan, pretend(interrupt_after), [](const TuneProgress&) {});
  }
  std::string refusal(const TuneOptions& given) {
    try {
      run(given);
    } catch (const ConfigError& error) {
      return std::string(error.what()) + " | " + error.source() + " | " + error.hint();
    }
    return "accepted";
  }
  Recipe read(const fs::path& path) { return load_recipe(path, no_methods().catalogue()); }

  fs::path folder_;
  std::mutex mutex_;
  std::vector<RunRequest> launched_;
  int64_t left_ = 0, beside_ = 0, most_beside_ = 0;
  bool slow_ = false;
};

std::vector<int64_t> numbers(const SideResult& side) {
  std::vector<int64_t> out;
  for (const TrialResult& trial : side.trials) out.push_back(trial.trial);
  return out;
}

TEST_F(TuneTest, BothSidesGetTheSameTrialsAtTheSameBudgets) {
  const TuneResult result = run(options());
  std::map<std::string, std::multiset<std::string>> budgets;
  std::set<std::string> directories;
  for (const RunRequest& request : launched_) {
    budgets[request.group].insert(to_string(request.recipe.budget));
    directories.insert(request.out.string());
    EXPECT_EQ(request.recipe.metric.name(), "validation/accuracy");
    EXPECT_EQ(request.recipe.data.validation, 200);  // a tenth
    EXPECT_FALSE(request.recipe.target.has_value());
    EXPECT_EQ(request.recipe.tuning.trials, 9);
    EXPECT_EQ(request.recipe.tuning.selected_on, "validation");
    EXPECT_GE(request.seed, 1000000U);
  }
  EXPECT_EQ(budgets["plain"], budgets["other"]);
  EXPECT_EQ(budgets["plain"].count("3ep"), 9U);
  EXPECT_EQ(budgets["plain"].count("9ep"), 3U);
  EXPECT_EQ(directories.size(), 24U);
  EXPECT_EQ(launched_[0].group, "plain");  // in turns
  EXPECT_EQ(launched_[1].group, "other");
  EXPECT_EQ(launched_[2].group, "other");
  ASSERT_EQ(result.sides.size(), 2U);
  for (const SideResult& side : result.sides) {
    EXPECT_EQ(side.trials.size(), 9U);
    EXPECT_EQ(side.trials[2].rungs.size(), 2U);
    EXPECT_EQ(side.trials[3].rungs.size(), 1U);
    EXPECT_EQ(side.cost.runs, 12);
    EXPECT_EQ(side.cost.seconds, 120);
    EXPECT_EQ(side.cost.flops, 1200);
    EXPECT_FALSE(side.cost.joules.has_value());
    EXPECT_TRUE(side.edges.empty());
  }
}

TEST_F(TuneTest, TheFirstTrialIsTheRecipeItselfIfTheSpaceHoldsIt) {
  TunePlan plan = plan_tune(options(), no_methods());
  EXPECT_EQ(plan.trial(0, 1).settings, (TrialSettings{"optimizer.lr=0.1"}));
  EXPECT_EQ(plan.trial(1, 1).settings, (TrialSettings{"optimizer.lr=0.1", "batch.size=50"}));
  EXPECT_NE(plan.trial(0, 2).settings, plan.trial(0, 1).settings);
  EXPECT_EQ(plan.trial(0, 2).settings[0], plan.trial(1, 2).settings[0]);  // the same points where spaces agree
  write_file_atomic(folder_ / "space.toml", "optimizer.lr = {low = 1.0, high = 2.0}");
  plan = plan_tune(options(), no_methods());
  EXPECT_EQ(plan.sides[0].outside, "optimizer.lr = 0.1");
  EXPECT_NE(plan.trial(0, 1).settings[0], "optimizer.lr=0.1");
}

TEST_F(TuneTest, DivergedTrialsAreValuesAndComeLast) {
  const TuneResult result = run(options());
  const TrialResult& last = result.sides[0].trials.back();
  EXPECT_EQ(last.rungs.back().status, evaluate::Status::kDiverged);
  EXPECT_FALSE(last.rungs.back().quality.has_value());
  EXPECT_EQ(result.failed, 0);
  EXPECT_TRUE(result.sides[0].found);
}

TEST_F(TuneTest, ASearchWithoutAResultWritesNoRecipe) {
  write_file_atomic(folder_ / "space.toml", "optimizer.lr = {low = 6.0, high = 9.0}");
  const TuneResult result = run(options());
  EXPECT_FALSE(result.sides[0].found);
  EXPECT_FALSE(fs::exists(folder_ / "out" / "plain-tuned.toml"));
}

TEST_F(TuneTest, TheRecipeTellsHowItWasFound) {
  TuneOptions given = options();
  given.set = {"optimizer.momentum=0.8"};
  given.jobs = 2;
  const TuneResult result = run(given);
  const Recipe plain = read(result.sides[0].recipe), other = read(result.sides[1].recipe);
  EXPECT_EQ(plain.name, "plain");
  EXPECT_EQ(plain.metric.name(), "test/accuracy");
  EXPECT_EQ(plain.target, 0.9);
  EXPECT_EQ(plain.data.validation, 0);
  EXPECT_EQ(to_string(plain.budget), "9ep");
  EXPECT_EQ(plain.optimizer.params.get("momentum").get<double>(), 0.8);
  EXPECT_NEAR(std::log(plain.optimizer.params.get("lr").get<double>() / 0.3), 0, 1.2);
  EXPECT_EQ(plain.tuning.trials, 9);
  EXPECT_EQ(plain.tuning.selected_on, "validation");
  EXPECT_EQ(plain.tuning.budget, "9ep");
  EXPECT_EQ(plain.tuning.seconds, 60);  // two runs shared the machine
  EXPECT_EQ(plain.tuning.flops, 1200);
  EXPECT_EQ(plain.tuning.trial, 0);  // runs of it are no trials
  ASSERT_EQ(plain.tuning.space.size(), 1U);
  EXPECT_EQ(plain.tuning.space[0].path, "optimizer.lr");
  // What was tried before, and on the test part, is not forgotten.
  EXPECT_EQ(other.tuning.trials, 39);
  EXPECT_EQ(other.tuning.selected_on, "test");
}

TEST_F(TuneTest, RunsShareTheMachineWithThoseThatAreThere) {
  TuneOptions given = options();
  given.jobs = 100;  // more than the 18 runs of the first rung and the 6 of the second
  const TuneResult result = run(given);
  for (const SideResult& side : result.sides) EXPECT_NEAR(side.cost.seconds, 9 * 10 / 18.0 + 3 * 10 / 6.0, 1e-9);
}

TEST_F(TuneTest, WhatJudgedTheTrialsIsTrainedOnAgain) {
  write_file_atomic(folder_ / "other.toml", read_file(folder_ / "other.toml") + "[data]\nvalidation = 50\n");
  TuneOptions given = options();
  given.set = {"data.validation=100"};
  const TuneResult result = run(given);
  for (const RunRequest& request : launched_) EXPECT_EQ(request.recipe.data.validation, 100);
  EXPECT_EQ(read(result.sides[0].recipe).data.validation, 0);
  EXPECT_EQ(read_file(result.sides[0].recipe).find("[data]"), std::string::npos);
  EXPECT_EQ(read(result.sides[1].recipe).data.validation, 50);  // as its author wrote
}

TEST_F(TuneTest, FailedRunsGiveTheirExitCode) {
  const auto ends_with = [&](const std::string& out, int plain, int other) {
    const RunLauncher fail = [=](const RunRequest& request) {
      return RunEnd::failed(request.group == "plain" ? plain : other);
    };
    TunePlan plan = plan_tune(options(out), no_methods());
    return run_tune(plan, fail, [](const TuneProgress&) {}).exit_code;
  };
  EXPECT_EQ(ends_with("same", 2, 2), 2);
  EXPECT_EQ(ends_with("data", 1, 3), 3);
  EXPECT_EQ(run(options()).exit_code, 0);
}

TEST_F(TuneTest, AnOptimumAtAnEdgeIsSaid) {
  write_file_atomic(folder_ / "space.toml", "optimizer.lr = {low = 0.3, high = 4.0, scale = \"log\"}");
  TuneOptions given = options();
  given.trials = 64;
  const TuneResult result = run(given);
  ASSERT_EQ(result.sides[0].edges.size(), 1U);
  EXPECT_NE(result.sides[0].edges[0].find("within 5% of the low end of its range"), std::string::npos);
}

TEST_F(TuneTest, GoesOnAfterAnyInterruptionToTheSameEnd) {
  const TuneResult whole = run(options("whole"));
  const std::string recipe = read_file(whole.sides[0].recipe);
  for (int64_t cut : {0, 1, 11, 18, 20}) {
    TuneOptions given = options("cut" + std::to_string(cut));
    EXPECT_TRUE(run(given, cut).interrupted);
    launched_.clear();
    given.resume = true;
    const TuneResult rest = run(given);
    EXPECT_FALSE(rest.interrupted);
    EXPECT_EQ(static_cast<int64_t>(launched_.size()), 24 - cut);
    for (size_t side = 0; side < 2; ++side) EXPECT_EQ(numbers(rest.sides[side]), numbers(whole.sides[side]));
    EXPECT_EQ(rest.sides[0].cost.seconds, 120);
  }
}

TEST_F(TuneTest, AnotherSearchIsNotGoneOnWith) {
  run(options(), 3);
  TuneOptions given = options();
  EXPECT_NE(refusal(given).find("[--out] expected an empty or new directory"), std::string::npos);
  given.resume = true;
  given.trials = 12;
  EXPECT_NE(refusal(given).find("trials: 9 -> 12 |  | it was begun by: hasten tune"), std::string::npos);
  given = options();
  given.resume = true;
  given.device = "cuda:0";
  EXPECT_NE(refusal(given).find("something else: ~ device: "), std::string::npos) << refusal(given);
  given.device = "";
  given.price = "usd_per_hour=1,source=list,date=2026-11-25";
  EXPECT_NE(refusal(given).find("something else: ~ price: "), std::string::npos) << refusal(given);
  given = options("nothing");
  given.resume = true;
  EXPECT_NE(refusal(given).find("[--resume] expected a search in --out"), std::string::npos);
}

TEST_F(TuneTest, OneProcessAtATimeGoesOn) {
  run(options(), 3);
  TuneOptions given = options();
  given.resume = true;
  std::string second;
  TunePlan plan = plan_tune(given, no_methods());
  run_tune(plan, pretend(), [&](const TuneProgress&) {
    if (!second.empty()) return;
    TunePlan beside = plan_tune(given, no_methods());
    try {
      run_tune(beside, pretend(), [](const TuneProgress&) {});
    } catch (const ConfigError& error) {
      second = error.what();
    }
  });
  EXPECT_NE(second.find("whose search another process is writing"), std::string::npos) << second;
}

TEST_F(TuneTest, JobsRunBesideEachOtherAndChangeNothing) {
  const TuneResult one = run(options("one"));
  EXPECT_EQ(most_beside_, 1);
  TuneOptions given = options("three");
  given.jobs = 3;
  slow_ = true;
  const TuneResult three = run(given);
  EXPECT_GT(most_beside_, 1);
  EXPECT_LE(most_beside_, 3);
  EXPECT_EQ(numbers(one.sides[0]), numbers(three.sides[0]));
  EXPECT_EQ(numbers(one.sides[1]), numbers(three.sides[1]));
}

TEST_F(TuneTest, MistakesShowBeforeTheFirstRun) {
  auto with_space = [&](const std::string& text) {
    write_file_atomic(folder_ / "space.toml", text);
    return refusal(options());
  };
  const std::string place = (folder_ / "space.toml").string();
  EXPECT_NE(with_space("optimizer.lrr = {low = 1, high = 2}").find("[optimizer.lrr] expected a known setting"),
            std::string::npos);
  EXPECT_NE(with_space("\noptimizer.lr = {low = -1, high = 2}").find("got -1 | " + place + ":2"), std::string::npos);
  EXPECT_NE(with_space("batch.size = {low = 1.5, high = 20}").find("expected an integer >= 1"), std::string::npos);
  EXPECT_NE(with_space("optimizer.name = {low = 1, high = 2}").find("optimizer.name"), std::string::npos);
  EXPECT_NE(with_space("budget.train = {choices = [\"1ep\", \"2ep\"]}").find("--budget plans the trials"),
            std::string::npos);
  EXPECT_NE(with_space("method.ema.decay = {low = 0.1, high = 0.9}").find("expected a method of the recipe"),
            std::string::npos);
  EXPECT_NE(with_space("batch.size = {low = 1700, high = 1900}").find("at most the 1800 training samples"),
            std::string::npos);
  EXPECT_TRUE(launched_.empty());
  write_file_atomic(folder_ / "space.toml", kSpace);
  TuneOptions given = options();
  given.on = Split::kTrain;
  EXPECT_NE(refusal(given).find("[--on]"), std::string::npos);
  given = options();
  given.recipes[1] = given.recipes[0];
  EXPECT_NE(refusal(given).find("recipes of different names"), std::string::npos);
  given = options();
  given.trials = 27;
  given.budget = {3, Unit::kStep};  // 1, 1 and 3 steps
  EXPECT_NE(refusal(given).find("[--budget] expected one that leaves each rung more than the one before, got two of "),
            std::string::npos);
  const std::string other = read_file(folder_ / "other.toml");
  write_file_atomic(folder_ / "other.toml", other + "[data]\nvalidation = 50\n");
  EXPECT_NE(refusal(options()).find("[recipe.other.data.validation] expected as much as in plain, 200, got 50"),
            std::string::npos);
  write_file_atomic(folder_ / "other.toml", other + "[data]\nsamples = 2005\n");  // a tenth of it is 200, too
  EXPECT_NE(refusal(options()).find("[recipe.other.data] expected the data of plain, got samples: 2000 -> 2005"),
            std::string::npos);
  write_file_atomic(folder_ / "other.toml", other);
  given = options();
  given.recipes = {folder_ / "plain.toml"};
  EXPECT_NE(refusal(given).find("[recipe.other] expected a recipe of this search"), std::string::npos);
  EXPECT_FALSE(fs::exists(folder_ / "out"));
}

}  // namespace
}  // namespace hasten
