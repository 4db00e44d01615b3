// MLPerf's mean and convergence check: goldens of the published checker, and what makes a result no result.
#include "hasten/evaluate/scoring/mlperf.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace hasten::evaluate {
namespace {

using Runs = std::vector<evaluate::Run>;

TEST(Mlperf, ConvergenceFasterThanTheReferenceIsSeen) {
  ReferenceConvergence reference{256, {40, 41, 42, 39, 40, 43, 38, 41, 40, 42, 39, 41, 40, 40, 41, 39, 42, 40, 41, 40}};
  auto limit = convergence_limit(reference, 10);
  ASSERT_TRUE(limit.has_value());
  EXPECT_GT(limit->max_speedup, 1);
  EXPECT_LT(limit->max_speedup, 1.05);
  std::vector<double> fast(10, 36), fair(10, 40.2);
  EXPECT_TRUE(check_convergence({reference}, 256, fast)->too_fast);
  auto check = check_convergence({reference}, 256, fair);
  EXPECT_FALSE(check->too_fast);
  EXPECT_GE(check->normalization, 1);
  EXPECT_FALSE(check_convergence({reference}, 512, fair).has_value());  // nothing is extrapolated
  ReferenceConvergence large{1024, std::vector<double>(20, 60)}, bad{512, std::vector<double>(20, 90)};
  EXPECT_EQ(pruned({reference, bad, large}, 10).size(), 2u);
  // A batch size below the one that converges fastest says nothing.
  ReferenceConvergence slow_and_small{128, std::vector<double>(20, 50)};
  EXPECT_EQ(pruned({slow_and_small, reference, large}, 10).size(), 2u);
  EXPECT_EQ(check_convergence({reference}, 128, fair)->kind, ReferenceKind::kLargerBatch);
  EXPECT_FALSE(check_convergence({reference}, 128, fast).has_value());
  auto between = check_convergence({reference, large}, 640, std::vector<double>(10, 50));
  EXPECT_EQ(between->kind, ReferenceKind::kInterpolated);
  EXPECT_NEAR(between->limit.mean, (40.44444444444444 + 60) / 2, 1e-9);
}

// The limit that MLPerf's own checker finds by bisection with scipy.stats.ttest_ind_from_stats and numpy.std.
TEST(Mlperf, LimitIsThatOfThePublishedChecker) {
  ReferenceConvergence reference{256, {40, 41, 42, 39, 40, 43, 38, 41, 40, 42, 39, 41, 40, 40, 41, 39, 42, 40, 41, 40}};
  auto limit = convergence_limit(reference, 10);
  EXPECT_NEAR(limit->mean, 40.44444444444444, 1e-9);
  EXPECT_NEAR(limit->sd, 0.9558139185602919, 1e-9);
  EXPECT_NEAR(limit->least_epochs, 39.74958197440515, 2e-4);  // its tolerance is 1e-4
}

Run mlperf_log(const std::string& id, double seconds, double epochs, bool converged = true) {
  Run run;
  run.record.id = id;
  run.record.source = "mllog: results/resnet/" + id + ".txt";
  run.record.workload = "resnet";
  run.record.batch_size = 256;
  run.record.started_at = "2026-01-01T00:00:0" + id;
  run.record.status = converged ? Status::kStoppedEarly : Status::kError;
  run.record.executed.total_s = seconds;
  run.record.executed.epochs = epochs;
  return run;
}

TEST(Mlperf, ResultsDropExtremesAndOneFailure) {
  Runs logs;
  for (int i = 0; i < 5; ++i) logs.push_back(mlperf_log(std::to_string(i), 100 + 10 * i, 40));
  auto all = score_mlperf(logs, {});
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].name, "resnet");
  EXPECT_EQ(all[0].seconds, 120);
  EXPECT_FALSE(all[0].score_seconds().has_value());  // nothing to check against
  logs[0] = mlperf_log("0", 5, 1, false);  // the one that failed is the slowest, however soon it gave up
  EXPECT_EQ(score_mlperf(logs, {})[0].seconds, 130);
  logs[1] = mlperf_log("1", 5, 1, false);
  EXPECT_FALSE(score_mlperf(logs, {})[0].seconds.has_value());
  EXPECT_EQ(score_mlperf(logs, {})[0].problem, "2 runs did not converge, 1 may");
  EXPECT_EQ(score_mlperf({logs.begin() + 3, logs.end()}, {})[0].problem, "2 runs, of which 2 would be dropped");
  logs[0].record.batch_size = 512;
  EXPECT_EQ(score_mlperf(logs, {})[0].problem, "its logs have several batch sizes");
}

TEST(Mlperf, OfMoreRunsTheMedianWindowCounts) {
  Runs logs;
  for (double seconds : {100, 200, 300, 10, 20, 30}) {
    logs.push_back(mlperf_log(std::to_string(logs.size()), seconds, 40));
  }
  std::swap(logs[0], logs[5]);  // their order is that of their start
  auto one = score_mlperf(logs, {3, 1, {}})[0];
  EXPECT_EQ(one.seconds, 200);  // windows: 200, 200, 20, 20; the slower of the two in the middle
  EXPECT_EQ(one.runs.size(), 3u);
  EXPECT_EQ(one.logs, 6);
  EXPECT_EQ(score_mlperf(logs, {9, 1, {}})[0].problem, "6 of 9 runs");
}

TEST(Mlperf, FasterConvergenceThanTheReferenceIsNormalizedOrRefused) {
  ReferenceConvergence reference{256, {39, 40, 41, 40, 39, 41, 40, 40, 41, 39}, "resnet"};
  Runs logs;
  for (int i = 0; i < 5; ++i) logs.push_back(mlperf_log(std::to_string(i), 100, 39.9));
  auto normal = score_mlperf(logs, {5, 1, {reference}})[0];
  ASSERT_TRUE(normal.score_seconds().has_value());
  EXPECT_NEAR(*normal.score_seconds(), 100 * 40 / 39.9, 1e-9);
  for (auto& run : logs) run.record.executed.epochs = 30;
  auto fast = score_mlperf(logs, {5, 1, {reference}})[0];
  EXPECT_TRUE(fast.convergence->too_fast);
  EXPECT_FALSE(fast.score_seconds().has_value());
  reference.benchmark = "bert";
  EXPECT_FALSE(score_mlperf(logs, {5, 1, {reference}})[0].has_reference);
}

}  // namespace
}  // namespace hasten::evaluate
