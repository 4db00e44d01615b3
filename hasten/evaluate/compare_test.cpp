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

TEST(Compare, UnderCrossingsTheVerdictIsOfTheCrossings) {
  // Every run crosses the target on its way and ends below it.
  Runs runs = make_race();
  for (auto& run : runs) {
    run.events[8].metrics[0].value = 0.91;
    run.events[9].metrics[0].value = 0.85;
  }
  CompareOptions options;
  options.variant = Variant::kFirst;
  Comparison result = compare(runs, options);
  EXPECT_TRUE(result.groups[1].reaches_target);
  EXPECT_EQ(result.groups[1].points[0].target->reached, 5);
  EXPECT_TRUE(result.groups[1].points[0].target->mean_reaches);
  EXPECT_EQ(result.pairs[0].verdict, Verdict::kHelps) << result.pairs[0].reason;
  EXPECT_EQ(result.groups[1].times.at(Variant::kPlanned).missing, "the mean misses the target");
  options.variant = Variant::kPlanned;
  EXPECT_EQ(compare(runs, options).pairs[0].reason, "neither side reaches the target");
}

TEST(Compare, TheSmallestDetectableIsOfTheCostsThatAreCompared) {
  // Total lengths agree to the second, crossings do not.
  Runs runs = make_race(3, 50, 50);
  for (auto& run : runs) {
    run.record.executed.train_s = 50;
    auto at = static_cast<size_t>(3 + *run.record.seed);
    for (size_t i = at; i < run.events.size(); ++i) run.events[i].metrics[0].value = 0.95;
  }
  CompareOptions options;
  options.variant = Variant::kFirst;
  EXPECT_GT(compare(runs, options).pairs[0].detectable.value(), 0.3);
}

TEST(Compare, TheHeadlineUnderCrossingsIsTheBudgetThatCrossesFirst) {
  Runs runs = make_race(2);
  for (int seed = 1; seed <= 2; ++seed) {
    runs.push_back(make_run("fast", seed, 90, 0.95, "9ep", 1200));
    for (auto& event : runs.back().events) event.metrics[0].value = 0.95;  // from 9s on
  }
  EXPECT_EQ(compare(runs).groups[1].headline, 0u);
  CompareOptions options;
  options.variant = Variant::kFirst;
  Comparison result = compare(runs, options);
  EXPECT_EQ(result.groups[1].headline, 1u);
  EXPECT_NEAR(result.groups[1].times.at(Variant::kFirst).high[0], 9, 1e-9);
}

TEST(Compare, RecordsSayHowTheirTimeToTargetIsRead) {
  Runs runs = make_race();
  for (auto& run : runs) run.record.time_to_target = "first";
  EXPECT_EQ(compare(runs).variant, Variant::kFirst);
  CompareOptions options;
  options.variant = Variant::kSustained;
  EXPECT_EQ(compare(runs, options).variant, Variant::kSustained);
  runs[0].record.time_to_target = "planned";
  EXPECT_EQ(config_error(runs, {}),
            "[--time-to-target] expected the variant to compare by, since the records name several, got none | they "
            "name first, planned");
}

TEST(Compare, AnEvaluationWithoutATimeWidensTheCrossing) {
  evaluate::Run run = make_run("baseline", 1, 100, 0.9);
  run.events[4].metrics[0].value = 0.95;
  run.events[4].t_train.reset();
  Metric metric = run.record.metric;
  auto crossing = first_crossing(run, metric, 0.94, Cost::kTrainSeconds);
  ASSERT_TRUE(crossing.has_value());
  EXPECT_NEAR(crossing->low, 40, 1e-9);
  EXPECT_NEAR(crossing->high, 60, 1e-9);
  EXPECT_EQ(crossing->event, 4u);
  EXPECT_FALSE(sustained_crossing(run, metric, 0.94, Cost::kTrainSeconds, 2).has_value());
}

TEST(Compare, CostsThatAreNotPositiveGiveNoRatio) {
  for (double cost : {0.0, -3.0, HUGE_VAL}) {
    Runs runs = make_race();
    for (auto& run : runs) {
      if (run.record.group == "fast") run.record.executed.train_s = cost;
    }
    Comparison result = compare(runs);
    EXPECT_FALSE(result.pairs[0].time_to_target.has_value()) << cost;
    EXPECT_EQ(result.pairs[0].ratios.count(Cost::kTrainSeconds), 0u) << cost;
    EXPECT_EQ(result.pairs[0].reason, "the train seconds of fast are not all finite and above 0") << cost;
    EXPECT_TRUE(result.curves[1].points.empty()) << cost;
  }
}

TEST(Compare, WithoutATargetTheBaselineSetsIt) {
  Runs runs = make_race();
  for (auto& run : runs) run.record.metric.target.reset();
  Comparison result = compare(runs);
  EXPECT_TRUE(result.target_from_baseline);
  EXPECT_NEAR(result.target.value(), 0.905, 1e-9);
}

TEST(Compare, TheBaselineIsWithinATargetOfItsOwn) {
  Runs runs;
  // A third of their sum is less than their running mean, in the last digit.
  for (const double quality : {0.887, 0.893, 0.895}) {
    const auto seed = static_cast<int64_t>(runs.size());
    runs.push_back(make_run("baseline", seed, 70, quality));
    runs.push_back(make_run("worse", seed, 70, quality - 0.1));
  }
  for (auto& run : runs) run.record.metric.target.reset();
  CompareOptions options;
  options.variant = Variant::kPlanned;
  std::vector<std::string> beyond;
  for (const LintResult& lint : compare(runs, options).lints) {
    if (lint.id != "L29") continue;
    for (const Hit& hit : lint.hits) beyond.push_back(hit.where);
  }
  EXPECT_EQ(beyond, std::vector<std::string>{"worse"});
}

TEST(Compare, EqualBudgetsAskForNoTarget) {
  CompareOptions options;
  options.equal_budgets = true;
  const Comparison result = compare(make_race(), options);  // its records name one
  EXPECT_FALSE(result.target.has_value());
  EXPECT_FALSE(result.pairs[0].time_to_target.has_value());
  EXPECT_TRUE(result.pairs[0].quality.has_value());
  for (const LintResult& lint : result.lints) {
    const bool of_targets = lint.id == "L06" || lint.id == "L10" || lint.id == "L29";
    EXPECT_TRUE(!of_targets || lint.hits.empty()) << lint.id;
  }
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

// A search of three trials that cost 41, 42 and 43 seconds.
Runs search(const std::string& group, std::vector<double> qualities) {
  Runs runs;
  for (size_t trial = 1; trial <= qualities.size(); ++trial) {
    runs.push_back(make_run(group, 1, 40 + static_cast<double>(trial), qualities[trial - 1]));
    runs.back().record.id += "-" + std::to_string(trial);
    runs.back().record.tuning.group = group;
    runs.back().record.tuning.trial = static_cast<int64_t>(trial);
  }
  return runs;
}

Runs two_searches(const std::vector<double>& base, const std::vector<double>& method) {
  Runs runs = search("baseline", base);
  for (auto& run : search("fast", method)) runs.push_back(run);
  return runs;
}

TEST(Compare, WithoutATargetReachedTheBestTrialIsThatOfBestQuality) {
  Comparison result = compare(two_searches({0.5, 0.7, 0.6}, {0.5, 0.6, 0.8}));
  EXPECT_EQ(result.runs[result.groups[0].points[0].runs.at(0)].record.tuning.trial, 2);
  EXPECT_EQ(result.runs[result.groups[1].points[0].runs.at(0)].record.tuning.trial, 3);
}

TEST(Compare, SearchesAreChargedWholeAndOnce) {
  Runs runs = two_searches({0.95, 0.7, 0.6}, {0.5, 0.91, 0.8});
  runs[5].record.status = Status::kDiverged;
  Comparison result = compare(runs);
  const Point& method = result.groups[1].points[0];
  EXPECT_EQ(method.failed.size(), 1u);
  EXPECT_NEAR(method.tuning_cost.value(), 41 + 42 + 43, 1e-9);  // the diverged trial was paid for, too
  EXPECT_NEAR(result.pairs[0].with_tuning.value(), 1, 1e-12);  // the best trials are among those summed
  // Of n trials of 0.5, 0.91 and a failure, which counts as 0.5.
  ASSERT_EQ(method.expected_best.size(), 3u);
  EXPECT_NEAR(method.expected_best[0], (0.5 * 2 + 0.91) / 3, 1e-12);
  EXPECT_NEAR(method.expected_best[1], 0.5 * 4 / 9 + 0.91 * 5 / 9, 1e-12);
  for (auto& run : runs) run.record.tuning.seconds = run.record.group == "fast" ? 58 : 59;
  EXPECT_NEAR(compare(runs).pairs[0].with_tuning.value(), 1, 1e-12);  // 41 + 59 over 42 + 58
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
