// Comparisons of synthetic runs whose answer is known.
#include <gtest/gtest.h>

#include <cmath>

#include "hasten/base/error.h"
#include "hasten/evaluate/comparison.h"
#include "hasten/evaluate/make_runs.h"

namespace hasten::evaluate {
namespace {

using testing::make_race;
using testing::make_run;
using Runs = std::vector<Run>;

std::string config_error(Runs runs, CompareOptions options) {
  try {
    compare(std::move(runs), options);
  } catch (const ConfigError& error) {
    return std::string(error.what()) + " | " + error.hint();
  }
  return "accepted";
}

TEST(Compare, ARaceThatIsWonAtEqualQuality) {
  Comparison result = compare(make_race());
  ASSERT_EQ(result.groups.size(), 2u);
  EXPECT_EQ(result.baseline().name, "baseline");
  EXPECT_EQ(result.cost, Cost::kTrainSeconds);
  EXPECT_EQ(result.target, 0.9);
  EXPECT_TRUE(result.groups[1].reaches_target);
  EXPECT_EQ(result.groups[1].points[0].target->reached, 5);
  const Pair& pair = result.pairs.at(0);
  EXPECT_NEAR(pair.time_to_target->value, 2.5, 0.01);
  EXPECT_GT(pair.time_to_target->low, 2.3);
  EXPECT_LT(pair.time_to_target->high, 2.7);
  EXPECT_EQ(pair.verdict, Verdict::kHelps);
  EXPECT_NE(pair.reason.find("excludes 1"), std::string::npos);
  EXPECT_NEAR(pair.ratios.at(Cost::kSamples).value, 2.5, 1e-9);
  EXPECT_EQ(pair.ratios.count(Cost::kJoules), 0u);  // nobody measured energy
  EXPECT_NEAR(pair.detectable.value(), 0.0158 * 2.34, 0.002);
}

TEST(Compare, VerdictsInFourWords) {
  EXPECT_EQ(compare(make_race(5, 28, 70)).pairs[0].verdict, Verdict::kHurts);
  CompareOptions wide;
  wide.margin = 0.1;
  EXPECT_EQ(compare(make_race(5, 50, 50), wide).pairs[0].verdict, Verdict::kNoDifference);
  Comparison close = compare(make_race(5, 50.5, 50));
  EXPECT_EQ(close.pairs[0].verdict, Verdict::kUnresolved);
  EXPECT_NE(close.pairs[0].reason.find("can show a speedup of"), std::string::npos);
  EXPECT_EQ(compare(make_race(1)).pairs[0].verdict, Verdict::kUnresolved);
}

TEST(Compare, ACheaperMethodThatMissesTheTargetIsNoSpeedup) {
  Runs runs = make_race();
  for (auto& run : runs) {
    if (run.record.group == "fast") run.events.back().metrics[0].value = 0.85;
  }
  Comparison result = compare(runs);
  EXPECT_EQ(result.pairs[0].verdict, Verdict::kUnresolved);
  EXPECT_FALSE(result.pairs[0].time_to_target.has_value());
  EXPECT_NE(result.pairs[0].reason.find("fast does not reach the target"), std::string::npos);
  for (auto& run : runs) {
    if (run.record.group == "fast") run.record.executed.train_s = 90 + static_cast<double>(*run.record.seed);
  }
  EXPECT_EQ(compare(runs).pairs[0].verdict, Verdict::kHurts);
}

TEST(Compare, BudgetsBecomeACurveWithIntervals) {
  Runs runs;
  for (int seed = 1; seed <= 3; ++seed) {
    double noise = 0.001 * (seed - 2);
    for (double budget : {4.0, 8.0, 16.0}) {
      std::string text = std::to_string(static_cast<int>(budget)) + "ep";
      double base = 0.80 + 0.05 * std::log2(budget / 4) + noise;
      runs.push_back(make_run("baseline", seed, 10 * budget, base, text, 100 * budget));
      runs.push_back(make_run("fast", seed, 5 * budget, base + 0.01, text, 100 * budget));
    }
  }
  CompareOptions options;
  options.target = 0.85;
  options.targets = {0.79, 0.95};
  Comparison result = compare(runs, options);
  ASSERT_EQ(result.curves.at(0).points.size(), 3u);
  const Pair& pair = result.pairs[0];
  auto at = [&](double quality) {
    for (const SpeedupPoint& point : pair.speedups) {
      if (point.quality == quality) return point;
    }
    return SpeedupPoint{};
  };
  EXPECT_NEAR(at(0.85).speedup.value(), 2 * std::exp2(0.2), 1e-9);  // half the time, and 0.01 of 0.05 a doubling
  EXPECT_LT(at(0.85).low.value(), at(0.85).speedup.value());
  EXPECT_GT(at(0.85).high.value(), at(0.85).speedup.value());
  EXPECT_FALSE(at(0.79).speedup.has_value());  // below and above what was measured
  EXPECT_FALSE(at(0.95).speedup.has_value());
  EXPECT_EQ(result.groups[0].headline, 1u);    // the cheapest budget that meets the target
  bool has_gain = false;
  for (const GainPoint& gain : pair.gains) has_gain = has_gain || (gain.gain && *gain.gain > 0);
  EXPECT_TRUE(has_gain);
  for (const FrontierPoint& point : result.frontier) EXPECT_EQ(point.curve, 1u);
}

TEST(Compare, FirstCrossingsAreIntervals) {
  CompareOptions options;
  options.variant = Variant::kFirst;
  options.target = 0.8;
  Comparison result = compare(make_race(), options);
  const Pair& pair = result.pairs[0];
  ASSERT_TRUE(pair.time_to_target.has_value());
  EXPECT_LT(pair.bound_low.value(), pair.time_to_target->value);
  EXPECT_GT(pair.bound_high.value(), pair.time_to_target->value);
  options.target = 0.99;
  EXPECT_FALSE(compare(make_race(), options).pairs[0].time_to_target.has_value());
}

TEST(Compare, WithoutATargetTheBaselineSetsIt) {
  Runs runs = make_race();
  for (auto& run : runs) run.record.metric.target.reset();
  Comparison result = compare(runs);
  EXPECT_TRUE(result.target_from_baseline);
  EXPECT_NEAR(result.target.value(), 0.905, 1e-9);
}

TEST(Compare, SearchesAreRepresentedByTheirBestTrial) {
  Runs runs = make_race(3);
  for (int trial = 1; trial <= 3; ++trial) {
    auto run = make_run("searched", 1, 40 + trial, trial == 2 ? 0.91 : 0.85);
    run.record.id += "-" + std::to_string(trial);
    run.record.tuning.group = "search";
    run.record.tuning.trial = trial;
    runs.push_back(run);
  }
  Comparison result = compare(runs);
  const Group& searched = result.groups.at(2);
  ASSERT_EQ(searched.points[0].runs.size(), 1u);
  EXPECT_EQ(result.runs[searched.points[0].runs[0]].record.tuning.trial, 2);
  EXPECT_NEAR(searched.points[0].tuning_cost.value(), 41 + 42 + 43, 1e-9);
}

TEST(Compare, ScalingAllTimesChangesNoRatio) {
  Comparison one = compare(make_race()), many = compare(make_race(5, 700, 280));
  EXPECT_NEAR(one.pairs[0].time_to_target->low, many.pairs[0].time_to_target->low, 1e-12);
  EXPECT_NEAR(one.pairs[0].time_to_target->value, many.pairs[0].time_to_target->value, 1e-12);
}

TEST(Compare, FailedRunsStayVisible) {
  Runs runs = make_race();
  runs[1].record.status = Status::kDiverged;
  Comparison result = compare(runs);
  EXPECT_EQ(result.groups[1].points[0].failed.size(), 1u);
  EXPECT_EQ(result.groups[1].points[0].runs.size(), 4u);
}

TEST(Compare, RefusesWhatCannotBeCompared) {
  Runs runs = make_race(2);
  CompareOptions options;
  options.baseline = "bassline";
  EXPECT_EQ(config_error(runs, options),
            "[--baseline] expected the name of a group, got 'bassline' | did you mean 'baseline'?");
  options = {};
  options.metric = "test/acuracy";
  EXPECT_EQ(config_error(runs, options),
            "[--metric] expected a metric that the runs contain, got 'test/acuracy' | did you mean 'test/accuracy'?");
  for (auto& run : runs) run.record.role = Role::kUnknown;
  for (auto& run : runs) run.record.group += "1";
  EXPECT_EQ(config_error(runs, {}),
            "[--baseline] expected the group to compare against, since no run has the role baseline, got none | the "
            "groups are: "
            "baseline1, fast1");
  runs[0].record.workload = "other";
  EXPECT_EQ(config_error(runs, {}), "[runs] expected runs of one workload, got other, toy | ");
  EXPECT_EQ(config_error({}, {}), "[runs] expected at least one run, got none | ");
}

}  // namespace
}  // namespace hasten::evaluate
