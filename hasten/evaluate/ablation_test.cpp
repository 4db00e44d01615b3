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

TEST(Ablation, TimeOutsideOfTrainingIsSaid) {
  Runs runs = runs_of({{"baseline", 0.9}, {"with-views", 0.92}, {"with-same", 0.92}});
  for (auto& run : runs) {
    run.record.executed.total_s = *run.record.executed.train_s * (run.record.group == "with-views" ? 1.4 : 1.1) +
                                  0.01 * static_cast<double>(*run.record.seed);
  }
  const Ablation found = judged(std::move(runs), {added("views"), added("same")});
  EXPECT_EQ(found.effects[0].verdict, Verdict::kHelps);
  EXPECT_NE(found.effects[0].reason.find("; whole runs, evaluation included, take 1.27 (1.27 to 1.27) times as long"),
            std::string::npos)
      << found.effects[0].reason;
  EXPECT_EQ(found.effects[1].reason.find("whole runs"), std::string::npos) << found.effects[1].reason;
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
  EXPECT_NEAR(*of_both(0.95).adjusted_p, of_both(0.95).beyond_sum->p_two_sided, 1e-12) << "a family of one";
  // The same four recipes seen from the other end.
  const Ablation left_out =
      judged(runs_of({{"baseline", 0.92}, {"without-a", 0.91}, {"without-b", 0.92}, {"without-a+b", 0.9}}),
             {{"without-a", Change::kLeftOut, {"a"}, {"a"}},
              {"without-b", Change::kLeftOut, {"b"}, {"b"}},
              pair(Change::kLeftOut, "without-a+b")},
             {.margin = 0.004});
  EXPECT_EQ(left_out.interactions.at(0).sum, Sum::kLess);
  // Three pairs are a family of three, apart from that of the effects.
  const auto two = [](const std::string& a, const std::string& b) {
    return Arm{"with-" + a + "+" + b, Change::kAdded, {a, b}, {a, b}};
  };
  const Ablation three =
      judged(runs_of({{"baseline", 0.9},
                      {"with-a", 0.92},
                      {"with-b", 0.91},
                      {"with-c", 0.91},
                      {"with-a+b", 0.95},
                      {"with-a+c", 0.929},
                      {"with-b+c", 0.921}}),
             {added("a"), added("b"), added("c"), two("a", "b"), two("a", "c"), two("b", "c")}, {.margin = 0.004});
  ASSERT_EQ(three.interactions.size(), 3);
  EXPECT_NEAR(*three.interactions[0].adjusted_p, 3 * three.interactions[0].beyond_sum->p_two_sided, 1e-12);
  EXPECT_NEAR(left_out.interactions.at(0).beyond_sum->difference, -0.01, 1e-9);
}

TEST(Ablation, AGroupThatVariesMoreIsComparedByItsOwnSpread) {
  Runs runs = runs_of({{"baseline", 0.9}, {"with-calm", 0.92}, {"with-calm2", 0.9}, {"with-calm3", 0.9}});
  for (int seed = 0; seed < 4; ++seed) runs.push_back(testing::make_run("with-wild", seed, 50, 0.9 + 0.02 * seed));
  const auto calm = [](const Ablation& found) {
    EXPECT_EQ(found.effects[0].verdict, Verdict::kHelps) << found.effects[0].reason;
    // What they share is their own alone: twelve degrees of freedom, and t of 97.5% is 2.1788.
    EXPECT_NEAR(found.deviation, 1.1547e-3, 1e-6);
    EXPECT_NEAR(found.effects[0].quality->dof, 12, 1e-9);
    EXPECT_NEAR(found.effects[0].quality->high - found.effects[0].quality->low,
                2 * 2.1788 * std::sqrt(0.5) * found.deviation, 1e-6);
  };
  const Ablation found = judged(runs, {added("calm"), added("wild")});
  calm(found);
  EXPECT_LT(found.effects[1].quality->dof, 4);
  EXPECT_EQ(found.effects[1].verdict, Verdict::kUnresolved) << found.effects[1].reason;
  // A second one like it does not hide the first.
  for (int seed = 0; seed < 4; ++seed) runs.push_back(testing::make_run("with-wild2", seed, 50, 0.9 - 0.02 * seed));
  const Ablation both = judged(std::move(runs), {added("calm"), added("wild"), added("wild2")});
  calm(both);
  EXPECT_LT(both.effects[1].quality->dof, 4);
  EXPECT_LT(both.effects[2].quality->dof, 4);
}

// Three runs a side whose seconds vary by a hundredth: alone they tell little of their spread, together enough.
TEST(Ablation, CostsShareTheirSpreadToo) {
  constexpr double kOff[] = {-0.01, 0.0, 0.01};
  Runs runs;
  for (const auto& [group, seconds] : std::vector<std::pair<std::string, double>>{
           {"baseline", 50}, {"with-slow", 51.6}, {"with-b", 50}, {"with-c", 50}, {"with-d", 50}}) {
    for (int seed = 0; seed < 3; ++seed)
      runs.push_back(testing::make_run(group, seed, seconds * (1 + kOff[seed]), 0.9 + kNoise[seed]));
  }
  AblationOptions options{.margin = 0.01};
  options.budget_is_cost = false;
  const Ablation found = judged(runs, {added("slow"), added("b")}, options);
  const stats::Ratio& ratio = found.effects[0].ratios.at(Cost::kTrainSeconds);
  EXPECT_NEAR(ratio.dof, 10, 1e-9);
  EXPECT_LT(ratio.high, 1);
  EXPECT_EQ(found.effects[0].verdict, Verdict::kHurts) << found.effects[0].reason;
  EXPECT_EQ(found.effects[1].verdict, Verdict::kNoDifference) << found.effects[1].reason;
  // Seconds of one side that vary by a fifth are its own affair; its quality is decided, and that is said.
  for (auto& run : runs) {
    if (run.record.group == "with-b") *run.record.executed.train_s = 50 * (1 + 20 * kOff[*run.record.seed]);
  }
  const Ablation wild = judged(std::move(runs), {added("slow"), added("b")}, options);
  EXPECT_NEAR(wild.effects[0].ratios.at(Cost::kTrainSeconds).dof, 8, 1e-9);
  EXPECT_EQ(wild.effects[1].verdict, Verdict::kUnresolved);
  EXPECT_TRUE(wild.effects[1].reason.ends_with("; quality is decided, train seconds are not"))
      << wild.effects[1].reason;
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
  const auto worth = [&](double low, double high, int64_t more, int64_t more_against, bool survivors = false) {
    Effect effect;
    effect.quality = stats::TTest{};
    effect.quality->difference = (low + high) / 2;
    effect.quality->low = low;
    effect.quality->high = high;
    effect.runs = effect.against_runs = 10;
    effect.survivors = survivors;
    return is_worth_more_runs(effect, options, more, more_against);
  };
  EXPECT_TRUE(worth(-0.001, 0.009, 10, 10));  // 0.004 +- 0.005: at twice the runs +- 0.0035
  EXPECT_FALSE(worth(-0.001, 0.009, 10, 0)) << "with the baseline as it was +- 0.0043";
  EXPECT_FALSE(worth(-0.001, 0.009, 2, 2));
  EXPECT_TRUE(worth(-0.0025, 0.0025, 10, 10));  // within the margin then
  EXPECT_FALSE(worth(-0.02, 0.02, 10, 10));
  EXPECT_FALSE(worth(-0.001, 0.009, 10, 10, true));
  EXPECT_FALSE(worth(0.001, 0.009, 10, 10));  // decided
  EXPECT_FALSE(is_worth_more_runs(Effect{}, options, 10, 10));
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
  EXPECT_EQ(of(3, Status::kDiverged).verdict, Verdict::kUnresolved);
  EXPECT_EQ(of(3, Status::kDiverged).reason,
            "3 of 4 runs with and 0 of 4 without diverged (Fisher's exact test: p = 0.14)");
  EXPECT_EQ(of(4, Status::kDiverged).verdict, Verdict::kHurts);
  EXPECT_EQ(of(0, Status::kDiverged, 4).verdict, Verdict::kHelps);
  EXPECT_EQ(of(4, Status::kDiverged, 1).verdict, Verdict::kUnresolved);
  EXPECT_EQ(of(2, Status::kError).verdict, Verdict::kUnresolved);
  EXPECT_EQ(of(2, Status::kError).reason, "2 runs failed: error");
  EXPECT_TRUE(of(0, Status::kDiverged).adjusted_p.has_value());
  EXPECT_FALSE(of(1, Status::kDiverged).adjusted_p.has_value()) << "survivors are tested with no others";
}

// Few of many is what few of few would be by chance.
TEST(Ablation, DivergenceIsHeldAgainstTheNumberOfRuns) {
  const auto verdict = [](int of_baseline, int baseline_runs, int of_method, int method_runs) {
    Runs runs;
    for (int seed = 0; seed < baseline_runs; ++seed)
      runs.push_back(testing::make_run("baseline", seed, 50, 0.9 + kNoise[seed % 4]));
    for (int seed = 0; seed < method_runs; ++seed)
      runs.push_back(testing::make_run("with-a", seed, 50, 0.9 + kNoise[seed % 4]));
    for (auto& run : runs) {
      const int diverged = run.record.group == "baseline" ? of_baseline : of_method;
      if (*run.record.seed < diverged) run.record.status = Status::kDiverged;
    }
    return judged(std::move(runs), {added("a")}).effects.at(0).verdict;
  };
  EXPECT_EQ(verdict(2, 21, 0, 3), Verdict::kUnresolved);
  EXPECT_EQ(verdict(0, 30, 2, 30), Verdict::kUnresolved);
  EXPECT_EQ(verdict(0, 21, 2, 3), Verdict::kHurts);  // p = 3 / 276
  EXPECT_EQ(verdict(0, 30, 6, 30), Verdict::kHurts);
  EXPECT_EQ(verdict(6, 30, 0, 30), Verdict::kHelps);
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
  Comparison comparison = compare(runs_of({{"baseline", 0.9}, {"with-a", 0.92}, {"with-b", 0.91}, {"with-a+b", 0.93}}));
  LintResult lint{"L04", "single-seed", "", Severity::kError, Outcome::kFired, {}, {}};
  lint.hits = {{Severity::kWarning, "", "odd"},
               {Severity::kError, "baseline", "2 runs"},
               {Severity::kError, "with-a", "2 runs"}};
  comparison.lints = {lint};
  VerdictFile file;
  file.recipe = "base";
  file.budget = "60s";
  file.seeds = 4;
  fill_verdicts(file, comparison, judge_ablation(comparison, arms, {.margin = 0.004}));
  file.not_applicable = {{"qk_norm", "needs attention"}};
  ASSERT_EQ(file.lints.size(), 2);
  EXPECT_EQ(file.lints[0].text, "single-seed: 2 runs (baseline, with-a)");
  const Json json = to_json(file);
  const VerdictFile back = verdicts_from_json(json, "file");
  EXPECT_EQ(to_json(back), json);
  EXPECT_EQ(back.on("a")->verdict, Verdict::kHelps);
  EXPECT_EQ(back.on("a")->run_ids.size(), 4);
  EXPECT_EQ(back.on("a")->against, "");
  EXPECT_NEAR(back.on("a")->total_seconds.value().value, 1, 0.1);
  EXPECT_EQ(back.verdicts.at(0).against, "b(x=2)");
  EXPECT_EQ(back.on("c"), nullptr);
  EXPECT_EQ(back.verdicts.at(3).sum, Sum::kAddsUp);
  EXPECT_TRUE(back.verdicts.at(3).sum_adjusted_p.has_value());
  EXPECT_EQ(back.baseline_values.size(), 4);
  EXPECT_EQ(back.lints.at(0).word, "error");
  // Files of before have no lints, and what `ablate --json` listed of them then is none.
  Json old = json;
  old.erase("lints");
  EXPECT_TRUE(verdicts_from_json(old, "file").lints.empty());
  old["lints"] = Json::array();
  old["lints"].push_back({{"id", "L01"}, {"name", "baseline-undertuned"}, {"outcome", "clean"}});
  EXPECT_TRUE(verdicts_from_json(old, "file").lints.empty());
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
