// Effects of methods at equal budget: their words, and whether two of them add up.
#include "hasten/evaluate/ablation.h"

#include <gtest/gtest.h>

#include <cmath>

#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/evaluate/make_runs.h"
#include "hasten/evaluate/verdicts.h"
#include "hasten/stats/tests.h"

namespace hasten::evaluate {
namespace {

using Runs = std::vector<Run>;  // tests have a Run of their own

constexpr double kNoise[] = {-0.001, 0.0, 0.001, 0.0005};

// Four runs a group, of these qualities.
std::vector<Run> runs_of(const std::vector<std::pair<std::string, double>>& groups, double seconds = 50) {
  std::vector<Run> runs;
  for (const auto& [group, quality] : groups) {
    for (int seed = 0; seed < 4; ++seed)
      runs.push_back(testing::make_run(group, seed, seconds, quality + kNoise[(seed + runs.size()) % 4]));
  }
  return runs;
}

Arm added(const std::string& method) { return {"with-" + method, Change::kAdded, {method}, {method}}; }

Ablation judged(std::vector<Run> runs, const std::vector<Arm>& arms, AblationOptions options = {.margin = 0.002}) {
  return judge_ablation(compare(std::move(runs)), arms, options);
}

TEST(Ablation, VerdictsInFourWords) {
  const std::vector<Arm> arms{added("good"), added("bad"), added("same"), added("slight")};
  AblationOptions options{.margin = 0.003};
  const Ablation found = judged(
      runs_of(
          {{"baseline", 0.9}, {"with-good", 0.92}, {"with-bad", 0.88}, {"with-same", 0.9}, {"with-slight", 0.9015}}),
      arms, options);
  ASSERT_EQ(found.effects.size(), 4);
  EXPECT_EQ(found.effects[0].verdict, Verdict::kHelps) << found.effects[0].reason;
  EXPECT_NEAR(found.effects[0].quality->difference, 0.02, 1e-9);
  EXPECT_EQ(found.effects[1].verdict, Verdict::kHurts) << found.effects[1].reason;
  EXPECT_EQ(found.effects[2].verdict, Verdict::kNoDifference) << found.effects[2].reason;
  EXPECT_EQ(found.effects[3].verdict, Verdict::kUnresolved) << found.effects[3].reason;
  // 20 runs of one spread: with 4 against 4 a difference of deviation sqrt(1/2) (t of 97.5% + t of 90%) is found.
  EXPECT_NEAR(*found.effects[3].detectable, found.deviation * std::sqrt(0.5) * (2.1314 + 1.3406), 1e-6);
  EXPECT_NEAR(found.effects[3].quality->dof, 15, 1e-9);
  EXPECT_NE(found.effects[3].reason.find("can show"), std::string::npos) << found.effects[3].reason;
  // Holm: the smallest of four p values counts four times.
  EXPECT_NEAR(*found.effects[0].adjusted_p,
              4 * std::min(found.effects[0].quality->p_two_sided, found.effects[1].quality->p_two_sided), 1e-12);
}

TEST(Ablation, LeftOutTellsWhatTheMethodGives) {
  const Arm arm{"without-ema", Change::kLeftOut, {"ema"}, {"ema"}};
  const Ablation found = judged(runs_of({{"baseline", 0.92}, {"without-ema", 0.9}}), {arm});
  EXPECT_NEAR(found.effects[0].quality->difference, 0.02, 1e-9);
  EXPECT_EQ(found.effects[0].verdict, Verdict::kHelps);
}

TEST(Ablation, SmallerLossesAreBetter) {
  Runs runs = runs_of({{"baseline", 1.5}, {"with-good", 1.4}});
  for (auto& run : runs) {
    run.record.metric.name = "loss";
    run.record.metric.direction = Direction::kMinimize;
    run.record.metric.target.reset();
    for (EventRecord& event : run.events) {
      std::erase_if(event.metrics, [](const MetricValue& value) { return value.split == "train"; });
      for (MetricValue& value : event.metrics) value.name = "loss";
    }
  }
  const Ablation found = judged(std::move(runs), {added("good")});
  EXPECT_NEAR(found.effects[0].quality->difference, 0.1, 1e-9);
  EXPECT_EQ(found.effects[0].verdict, Verdict::kHelps);
}

TEST(Ablation, CostCountsWhereBudgetsAreSamples) {
  Runs runs = runs_of({{"baseline", 0.9}});
  for (const auto& run : runs_of({{"with-cheap", 0.9}, {"with-trade", 0.92}}, 25)) runs.push_back(run);
  for (auto& run : runs) {
    if (run.record.group != "with-trade") continue;
    run.record.executed.train_s = 100 + static_cast<double>(*run.record.seed);
  }
  AblationOptions options{.margin = 0.003};
  options.budget_is_cost = false;
  // Runs of the baseline need a spread of seconds for an interval.
  for (auto& run : runs) *run.record.executed.train_s += 0.01 * static_cast<double>(*run.record.seed);
  const Ablation found = judged(std::move(runs), {added("cheap"), added("trade")}, options);
  EXPECT_EQ(found.effects[0].verdict, Verdict::kHelps) << found.effects[0].reason;
  EXPECT_NEAR(found.effects[0].ratios.at(Cost::kTrainSeconds).value, 2, 0.01);
  EXPECT_EQ(found.effects[1].verdict, Verdict::kUnresolved);
  EXPECT_NE(found.effects[1].reason.find("equal seconds"), std::string::npos) << found.effects[1].reason;
}

TEST(Ablation, PairsAgainstTheSumOfBoth) {
  const auto pair = [](Change change, const std::string& group) { return Arm{group, change, {"a", "b"}, {"a", "b"}}; };
  const auto of_both = [&](double both) {
    return judged(runs_of({{"baseline", 0.9}, {"with-a", 0.92}, {"with-b", 0.91}, {"with-a+b", both}}),
                  {added("a"), added("b"), pair(Change::kAdded, "with-a+b")}, {.margin = 0.004})
        .interactions.at(0);
  };
  EXPECT_EQ(of_both(0.93).sum, Sum::kAddsUp);
  EXPECT_EQ(of_both(0.92).sum, Sum::kLess);
  EXPECT_NEAR(of_both(0.92).beyond_sum->difference, -0.01, 1e-9);
  EXPECT_EQ(of_both(0.95).sum, Sum::kMore);
  // The same four recipes seen from the other end.
  const Ablation left_out =
      judged(runs_of({{"baseline", 0.92}, {"without-a", 0.91}, {"without-b", 0.92}, {"without-a+b", 0.9}}),
             {{"without-a", Change::kLeftOut, {"a"}, {"a"}},
              {"without-b", Change::kLeftOut, {"b"}, {"b"}},
              pair(Change::kLeftOut, "without-a+b")},
             {.margin = 0.004});
  EXPECT_EQ(left_out.interactions.at(0).sum, Sum::kLess);
  EXPECT_NEAR(left_out.interactions.at(0).beyond_sum->difference, -0.01, 1e-9);
}

TEST(Ablation, AGroupThatVariesMoreIsComparedByItsOwnSpread) {
  Runs runs = runs_of({{"baseline", 0.9}, {"with-calm", 0.92}, {"with-calm2", 0.9}, {"with-calm3", 0.9}});
  for (int seed = 0; seed < 4; ++seed) runs.push_back(testing::make_run("with-wild", seed, 50, 0.9 + 0.02 * seed));
  const Ablation found = judged(std::move(runs), {added("calm"), added("wild")});
  EXPECT_LT(found.effects[1].quality->dof, 4);
  EXPECT_EQ(found.effects[1].verdict, Verdict::kUnresolved) << found.effects[1].reason;
  EXPECT_EQ(found.effects[0].verdict, Verdict::kHelps) << found.effects[0].reason;
}

TEST(Ablation, AControlStandsInThePlaceOfTheBaseline) {
  Arm arm = added("prune");
  arm.control_group = "control-of-prune";
  arm.control = "random_subset(keep=0.8)";
  const Ablation found =
      judged(runs_of({{"baseline", 0.9}, {"with-prune", 0.92}, {"control-of-prune", 0.93}}), {added("prune"), arm});
  EXPECT_EQ(found.effects.at(0).verdict, Verdict::kHelps);
  EXPECT_NEAR(found.effects.at(1).quality->difference, -0.01, 1e-9);
  EXPECT_EQ(found.effects.at(1).verdict, Verdict::kHurts) << found.effects.at(1).reason;
  arm.control_group = "control-of-nothing";
  EXPECT_EQ(judged(runs_of({{"baseline", 0.9}, {"with-prune", 0.92}}), {arm}).effects.at(0).reason,
            "no run of the control");
}

TEST(Ablation, MoreRunsWhereTheyWouldDecide) {
  const AblationOptions options{.margin = 0.002};
  const auto worth = [&](double low, double high, double times, int64_t diverged = 0) {
    Effect effect;
    effect.quality = stats::TTest{};
    effect.quality->difference = (low + high) / 2;
    effect.quality->low = low;
    effect.quality->high = high;
    effect.diverged = diverged;
    return is_worth_more_runs(effect, options, times);
  };
  EXPECT_TRUE(worth(-0.001, 0.009, 2));  // 0.004 +- 0.005: at twice the runs +- 0.0035
  EXPECT_FALSE(worth(-0.001, 0.009, 1.2));
  EXPECT_TRUE(worth(-0.0025, 0.0025, 2));  // within the margin then
  EXPECT_FALSE(worth(-0.02, 0.02, 2));
  EXPECT_FALSE(worth(-0.001, 0.009, 2, 1));
  EXPECT_FALSE(worth(0.001, 0.009, 2));  // decided
  EXPECT_FALSE(is_worth_more_runs(Effect{}, options, 2));
}

TEST(Ablation, RunsWithoutAResultAreNoSample) {
  const auto of = [](int diverged, Status status, int baseline_diverged = 0) {
    Runs runs = runs_of({{"baseline", 0.9}, {"with-a", 0.95}});
    for (auto& run : runs) {
      int& left = run.record.group == "baseline" ? baseline_diverged : diverged;
      if (left-- > 0) run.record.status = status;
    }
    return judged(std::move(runs), {added("a")}).effects.at(0);
  };
  EXPECT_EQ(of(0, Status::kDiverged).verdict, Verdict::kHelps);
  EXPECT_EQ(of(1, Status::kDiverged).verdict, Verdict::kUnresolved);
  EXPECT_EQ(of(2, Status::kDiverged).verdict, Verdict::kHurts);
  EXPECT_EQ(of(2, Status::kDiverged).reason, "2 runs with and 0 without diverged");
  EXPECT_EQ(of(2, Status::kDiverged, 1).verdict, Verdict::kUnresolved);
  EXPECT_EQ(of(0, Status::kDiverged, 3).verdict, Verdict::kHelps);
  EXPECT_EQ(of(2, Status::kError).verdict, Verdict::kUnresolved);
}

TEST(Ablation, SaysWhatItCannotSay) {
  Runs runs = runs_of({{"baseline", 0.9}});
  runs.push_back(testing::make_run("with-once", 0, 50, 0.95));
  const Ablation found = judged(std::move(runs), {added("once"), added("absent")});
  EXPECT_EQ(found.effects[0].verdict, Verdict::kUnresolved);
  EXPECT_EQ(found.effects[0].reason, "no interval: fewer than two runs on a side, or none that vary");
  EXPECT_EQ(found.effects[1].reason, "no run");
  EXPECT_THROW(judged(runs_of({{"baseline", 0.9}}), {}, {.margin = -1}), ConfigError);
  // Equal to the last digit is no certainty.
  Runs equal;
  for (const char* group : {"baseline", "with-a"}) {
    for (int seed = 0; seed < 3; ++seed) equal.push_back(testing::make_run(group, seed, 50, 0.9));
  }
  EXPECT_EQ(judged(std::move(equal), {added("a")}).effects[0].verdict, Verdict::kUnresolved);
}

TEST(Verdicts, FilesReadBackAsTheyWere) {
  Arm controlled = added("a");
  controlled.control_group = "with-b";
  controlled.control = "b(x=2)";
  const std::vector<Arm> arms{
      controlled, added("a"), added("b"), {"with-a+b", Change::kAdded, {"a", "b"}, {"a(x=1)", "b"}}};
  const Comparison comparison =
      compare(runs_of({{"baseline", 0.9}, {"with-a", 0.92}, {"with-b", 0.91}, {"with-a+b", 0.93}}));
  VerdictFile file;
  file.recipe = "base";
  file.budget = "60s";
  file.seeds = 4;
  fill_verdicts(file, comparison, judge_ablation(comparison, arms, {.margin = 0.004}));
  file.not_applicable = {{"qk_norm", "needs attention"}};
  const Json json = to_json(file);
  const VerdictFile back = verdicts_from_json(json, "file");
  EXPECT_EQ(to_json(back), json);
  EXPECT_EQ(back.on("a")->verdict, Verdict::kHelps);
  EXPECT_EQ(back.on("a")->run_ids.size(), 4);
  EXPECT_EQ(back.on("a")->against, "");
  EXPECT_EQ(back.verdicts.at(0).against, "b(x=2)");
  EXPECT_EQ(back.on("c"), nullptr);
  EXPECT_EQ(back.verdicts.at(3).sum, Sum::kAddsUp);
  EXPECT_EQ(back.baseline_values.size(), 4);
  Json wrong = json;
  wrong["verdicts"][0]["verdict"] = "splendid";
  EXPECT_THROW(verdicts_from_json(wrong, "file"), DataError);
  wrong = json;
  wrong["version"] = 2;
  EXPECT_THROW(verdicts_from_json(wrong, "file"), DataError);
  EXPECT_THROW(verdicts_from_json(Json::array(), "file"), DataError);
}

}  // namespace
}  // namespace hasten::evaluate
