// Which sides an ablation has, in which order they run, what it says of methods that do not apply, and who gets more seeds.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <set>

#include "hasten/base/error.h"
#include "hasten/base/files.h"
#include "hasten/base/json.h"
#include "hasten/evaluate/record_io.h"
#include "hasten/methods/registry.h"
#include "hasten/study/ablate.h"

namespace hasten {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRecipe = R"(
name = "base"
[workload]
dataset = "synthetic"
[model]
family = "mlp"
[optimizer]
name = "sgd"
lr = 0.1
[budget]
train = "4ep"
[[method]]
name = "ema"
[[method]]
name = "label_smoothing"
)";

const Registry& all_methods() {
  static const Registry registry{method_entries()};
  return registry;
}

class AblatePlanTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("ablate_plan_test_" + std::to_string(getpid()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    write_file_atomic(folder_ / "base.toml", kRecipe);
    options_.recipe = folder_ / "base.toml";
    options_.out = folder_ / "out";
    options_.command = "hasten ablate";
  }
  void TearDown() override { fs::remove_all(folder_); }

  AblatePlan plan() const { return plan_ablate(options_, all_methods()); }
  std::vector<std::string> groups() const {
    std::vector<std::string> groups;
    for (const PlannedArm& arm : plan().arms) groups.push_back(arm.arm.group);
    return groups;
  }

  fs::path folder_;
  AblateOptions options_;
};

TEST_F(AblatePlanTest, SidesRunInTurns) {
  options_.add = {"mixup", "gradient_clipping(threshold=0.5)"};
  options_.seeds = {3, 8};
  options_.budget = {0.5, Unit::kFraction};
  const std::vector<RunRequest> runs = plan().runs();
  std::vector<std::string> order;
  for (const RunRequest& run : runs) {
    order.push_back(run.group + " " + std::to_string(run.seed));
    EXPECT_EQ(to_string(run.recipe.budget), "2ep");
    EXPECT_EQ(run.role == evaluate::Role::kBaseline, run.group == "baseline");
  }
  EXPECT_EQ(order, (std::vector<std::string>{"baseline 3", "with-mixup 3", "with-gradient_clipping 3", "baseline 8",
                                             "with-gradient_clipping 8", "with-mixup 8"}));
  EXPECT_EQ(runs[2].recipe.methods.back().spec->name, "gradient_clipping");
  EXPECT_EQ(runs[0].recipe.methods.size(), 2);
}

// Nine sides are all compared with the baseline, so it has three runs for each of theirs, spread over the round.
TEST_F(AblatePlanTest, TheBaselineHasMoreRunsAgainstManySides) {
  options_.add = {"mixup", "cutmix",    "cutout",       "infobatch", "gradient_clipping", "gradient_centralization",
                  "sam",   "lookahead", "random_subset"};
  options_.set = {"model.family=\"convnet\""};
  std::vector<size_t> places;
  std::set<uint64_t> seeds;
  const std::vector<RunRequest> runs = plan().runs();
  ASSERT_EQ(runs.size(), 3 * (9 + 3));
  for (size_t i = 0; i < runs.size(); ++i) {
    if (runs[i].group != "baseline") continue;
    places.push_back(i);
    EXPECT_TRUE(seeds.insert(runs[i].seed).second) << "a seed twice is no replicate";
    EXPECT_EQ(runs[i].planned_runs, 9);
  }
  EXPECT_EQ(places, (std::vector<size_t>{0, 4, 8, 12, 16, 20, 24, 28, 32}));
}

TEST_F(AblatePlanTest, LeavesOutEachAndBoth) {
  options_.leave_out = true;
  options_.pairs = true;
  EXPECT_EQ(groups(),
            (std::vector<std::string>{"without-ema", "without-label_smoothing", "without-ema+label_smoothing"}));
  EXPECT_TRUE(plan().arms.back().recipe.methods.empty());
}

TEST_F(AblatePlanTest, PairsExcludeWhatCannotStandTogether) {
  options_.add = {"swa", "mixup", "cutmix"};
  EXPECT_THROW(plan(), ConfigError);  // ema is on the seam of swa, and somebody asked for it
  options_.add = {"ema(half_life=\"0.1dur\")"};
  EXPECT_THROW(plan(), ConfigError);  // the recipe has it
  options_.add = {"mixup"};
  options_.seeds = {3, 3};
  EXPECT_THROW(plan(), ConfigError);
  options_.seeds = {0};
  options_.add = {"one_cycle", "warmup_stable_decay", "mixup"};
  options_.pairs = true;
  EXPECT_EQ(groups(), (std::vector<std::string>{"with-one_cycle", "with-warmup_stable_decay", "with-mixup",
                                                "with-one_cycle+mixup", "with-warmup_stable_decay+mixup"}));
  ASSERT_EQ(plan().not_applicable.size(), 1);
  EXPECT_EQ(plan().not_applicable[0].method, "one_cycle with warmup_stable_decay");
}

TEST_F(AblatePlanTest, AllIsEveryMethodOnce) {
  options_.add = {"mixup(alpha=0.1)", "all"};
  const AblatePlan plan = this->plan();
  std::set<std::string> names;
  for (const PlannedArm& arm : plan.arms) EXPECT_TRUE(names.insert(arm.arm.methods[0]).second) << arm.arm.group;
  std::map<std::string, std::string> aside;
  for (const evaluate::MethodLeftAside& each : plan.not_applicable) aside[each.method] = each.reason;
  EXPECT_EQ(names.size() + aside.size(), all_methods().catalogue().all().size());
  EXPECT_EQ(plan.arms[0].arm.settings[0], "mixup(alpha=0.1)");
  EXPECT_EQ(aside["ema"], "the baseline has it");
  EXPECT_NE(aside["qk_norm"].find("family"), std::string::npos) << aside["qk_norm"];
}

TEST_F(AblatePlanTest, CostIsEqualWhereTheBudgetIsOne) {
  options_.add = {"mixup"};
  EXPECT_FALSE(plan().judging().budget_is_cost);
  options_.budget = {3, Unit::kSecond};
  EXPECT_TRUE(plan().judging().budget_is_cost);
}

// What ended is not run again; failures are counted, and the rest goes on.
TEST_F(AblatePlanTest, GoesOn) {
  options_.add = {"mixup"};
  options_.seeds = {0, 1};
  std::vector<std::string> ran;
  const RunLauncher launch = [&](const RunRequest& request) {
    ran.push_back(request.group + " " + std::to_string(request.seed));
    if (request.group == "with-mixup" && request.seed == 1) return RunEnd::failed(3);
    evaluate::RunRecord record;
    record.id = ran.back();
    record.status = evaluate::Status::kOk;
    evaluate::write_run_record(request.out, record);
    return RunEnd(RunEnd::kFinished);
  };
  const auto quiet = [](const RunRequest&, RunEnd, size_t, size_t) {};
  AblateResult result = run_ablate(plan(), launch, quiet);
  EXPECT_EQ(result.runs.size(), 3);
  EXPECT_EQ(result.failed, 1);
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THROW(run_ablate(plan(), launch, quiet), ConfigError);  // the directory holds something
  options_.resume = true;
  ran.clear();
  run_ablate(plan(), launch, quiet);
  EXPECT_EQ(ran, (std::vector<std::string>{"with-mixup 1"}));
  ran.clear();
  // More seeds after the first are a second look, which was not planned.
  options_.seeds = {0, 1, 2};
  try {
    run_ablate(plan(), launch, quiet);
    FAIL() << "seeds were added to an ablation that was judged";
  } catch (const ConfigError& error) {
    EXPECT_NE(error.hint().find("--max-seeds"), std::string::npos) << error.hint();
  }
  options_.seeds = {0, 1};
  run_ablate(plan(), launch, quiet);
  EXPECT_EQ(ran, (std::vector<std::string>{"with-mixup 1"}));
  options_.margin = 0.5;
  EXPECT_THROW(run_ablate(plan(), launch, quiet), ConfigError);  // another question
}

// Runs that only pretend.
class AblateRunsTest : public AblatePlanTest {
 protected:
  AblateRunsTest() {
    options_.add = {"gradient_clipping", "gradient_centralization", "lookahead vs gradient_clipping(threshold=0.5)"};
    options_.budget = {9, Unit::kSecond};
    options_.margin = 0.001;
  }

  // Quality by group, with the same noise for all.
  AblateResult run() {
    const std::map<std::string, double> quality{{"baseline", 0.9},
                                                {"with-gradient_clipping", 0.95},
                                                {"with-gradient_centralization", 0.9055},
                                                {"with-lookahead", 0.92},
                                                {"with-infobatch", 0.92},
                                                {"with-gradient_clipping+infobatch", 0.92},
                                                {"control-of-infobatch", 0.9},
                                                {"without-infobatch", 0.9},
                                                {"without-ema", 0.9},
                                                {"without-label_smoothing", 0.9},
                                                {"control-of-lookahead", 0.9135}};
    const AblatePlan plan = this->plan();
    const auto pretend = [&](const RunRequest& request) {
      constexpr double kNoise[] = {-0.004, 0.004, 0};
      launched_[request.group].push_back(request.seed);
      planned_[request.group] = request.planned_runs;
      evaluate::Run run;
      run.record.id = request.out.string();
      run.record.group = request.group;
      run.record.role = request.role;
      run.record.metric.name = "accuracy";
      run.record.metric.split = "test";
      run.record.status = evaluate::Status::kOk;
      run.record.executed.train_s = 9;
      run.record.executed.epochs = epochs_;
      run.record.planned.text = "9s";
      run.record.seed = static_cast<int64_t>(request.seed);
      evaluate::write_run_record(request.out, run.record);
      evaluate::EventLog log(request.out);
      evaluate::EventRecord event;
      event.step = 1;
      event.t_train = 9;
      event.metrics.push_back({"accuracy", "test", quality.at(request.group) + kNoise[request.seed % 3], "raw"});
      log.append(event);
      return RunEnd::kFinished;
    };
    const AblateResult result = run_ablate(plan, pretend, [](const RunRequest&, RunEnd, size_t, size_t) {});
    const JudgedAblation judged = judge_runs(plan, result.runs);
    judged_ = judged.ablation;
    aside_ = judged.not_applicable;
    return result;
  }

  std::map<std::string, std::vector<uint64_t>> launched_;
  std::map<std::string, int64_t> planned_;  // as the last run of each group has it
  double epochs_ = 1.75;  // of each run
  evaluate::Ablation judged_;
  std::vector<evaluate::MethodLeftAside> aside_;
};

using Seeds = std::vector<uint64_t>;

TEST_F(AblateRunsTest, EverySideHasEverySeedAndTheBaselineMore) {
  EXPECT_EQ(run().runs.size(), 4 * 3 + 2 * 3);
  EXPECT_EQ(launched_.at("with-gradient_clipping"), (Seeds{0, 1, 2}));
  EXPECT_EQ(launched_.at("control-of-lookahead"), (Seeds{0, 1, 2}));
  EXPECT_EQ(launched_.at("baseline").size(), 6);
  EXPECT_EQ(judged_.options.confidence, 0.95);
}

TEST_F(AblateRunsTest, ControlsAreComparedWithTheirMethodAlone) {
  run();
  std::vector<std::string> words;
  for (const evaluate::Effect& effect : judged_.effects) words.push_back(effect.arm.group + "|" + effect.arm.control);
  EXPECT_EQ(words, (std::vector<std::string>{"with-gradient_clipping|", "with-gradient_centralization|",
                                             "with-lookahead|", "with-lookahead|gradient_clipping(threshold=0.5)"}));
  EXPECT_NEAR(judged_.effects[2].quality->difference, 0.02, 1e-9);
  EXPECT_NEAR(judged_.effects[3].quality->difference, 0.0065, 1e-9);
}

// What acts from the second epoch on is not judged by runs that had none.
TEST_F(AblateRunsTest, MethodsThatCouldNotActHaveNoVerdict) {
  options_.add = {"gradient_clipping", "infobatch vs random_subset(keep=0.8)"};
  options_.pairs = true;
  options_.further_seeds = {3, 4, 5};
  run();
  ASSERT_EQ(judged_.effects.size(), 1);
  EXPECT_EQ(judged_.effects[0].arm.group, "with-gradient_clipping");
  ASSERT_EQ(aside_.size(), 2);
  EXPECT_EQ(aside_[0].method, "infobatch");
  EXPECT_EQ(aside_[0].reason, "infobatch acts in runs of at least 2ep, and the shortest of these was 1.75ep");
  EXPECT_EQ(aside_[1].method, "gradient_clipping with infobatch");
  EXPECT_EQ(launched_.at("with-infobatch").size(), 3) << "no further seeds for what stays without a verdict";
  // Long enough for infobatch, and for its control.
  options_.out = folder_ / "longer";
  options_.further_seeds.clear();
  epochs_ = 2;
  run();
  EXPECT_EQ(judged_.effects.size(), 4);
  EXPECT_TRUE(aside_.empty());
  // Too short for the control as well.
  options_.out = folder_ / "shorter";
  epochs_ = 0.5;
  run();
  EXPECT_EQ(judged_.effects.size(), 1);
  EXPECT_EQ(aside_.size(), 2);
}

TEST_F(AblateRunsTest, LeftOutItIsTheBaselineThatHadNoTime) {
  write_file_atomic(folder_ / "base.toml", std::string(kRecipe) + "[[method]]\nname = \"infobatch\"\n");
  options_.add.clear();
  options_.leave_out = true;
  options_.set = {};
  run();
  std::vector<std::string> groups;
  for (const evaluate::Effect& effect : judged_.effects) groups.push_back(effect.arm.group);
  EXPECT_EQ(groups, (std::vector<std::string>{"without-ema", "without-label_smoothing"}));
  ASSERT_EQ(aside_.size(), 1);
  EXPECT_EQ(aside_[0].method, "infobatch");
}

// Ten times the runs have less in common with the first look than twice as many.
TEST_F(AblatePlanTest, IntervalsOfTwoLooksGoByTheirRuns) {
  options_.add = {"mixup"};
  EXPECT_EQ(plan().judging().confidence, 0.95);
  options_.further_seeds = {3, 4, 5};
  EXPECT_EQ(plan().judging().confidence, 0.9706);
  for (uint64_t seed = 6; seed < 30; ++seed) options_.further_seeds.push_back(seed);
  EXPECT_NEAR(plan().judging().confidence, 0.9741, 1e-9);
  options_.seeds = {0, 1, 2, 100};
  options_.further_seeds = {3};
  EXPECT_LT(plan().judging().confidence, 0.9706);
}

TEST_F(AblateRunsTest, FurtherSeedsWhereTheyDecide) {
  options_.further_seeds = {3, 4, 5};
  run();
  EXPECT_EQ(launched_.at("with-gradient_clipping"), (Seeds{0, 1, 2}));  // decided
  EXPECT_EQ(launched_.at("with-gradient_centralization").size(), 6);
  EXPECT_EQ(launched_.at("with-lookahead").size(), 6);  // open against its control
  EXPECT_EQ(launched_.at("control-of-lookahead").size(), 6);
  EXPECT_EQ(launched_.at("baseline").size(), 6 + 2 * 3);
  EXPECT_EQ(planned_.at("baseline"), 12);
  EXPECT_EQ(planned_.at("with-lookahead"), 6);
  Seeds baseline = launched_.at("baseline");
  std::sort(baseline.begin(), baseline.end());
  EXPECT_EQ(std::adjacent_find(baseline.begin(), baseline.end()), baseline.end()) << "no run twice";
  EXPECT_EQ(judged_.options.confidence, 0.9706);
  EXPECT_EQ(judged_.effects[1].verdict, evaluate::Verdict::kHelps) << judged_.effects[1].reason;
  EXPECT_EQ(judged_.effects[1].runs, 6);
  // It goes on to the same end, and trains nothing again.
  launched_.clear();
  options_.resume = true;
  EXPECT_EQ(run().runs.size(), 3 + 3 * 6 + 12);
  EXPECT_TRUE(launched_.empty());
  // One look cannot be made two afterwards.
  options_.further_seeds.clear();
  EXPECT_THROW(run(), ConfigError);
}

}  // namespace
}  // namespace hasten
