// Aggregates against values computed with rliable, when they are at hand, and bootstrap behaviour.
#include "hasten/stats/rank.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "hasten/base/json.h"
#include "hasten/base/shared_data.h"
#include "hasten/stats/moments.h"
#include "hasten/stats/tests.h"

namespace hasten::stats {
namespace {

// The file holds runs x tasks.
TaskScores transposed(const Json& matrix) {
  TaskScores scores(matrix[0].size());
  for (const Json& run : matrix) {
    for (size_t t = 0; t < run.size(); ++t) scores[t].push_back(run[t].get<double>());
  }
  return scores;
}

TEST(Rank, AgreesWithRliable) {
  HASTEN_NEEDS_SHARED("evaluation/rliable_expected.json");
  Json golden = read_json(shared_data("evaluation/rliable_expected.json"));
  TaskScores x = transposed(golden["x"]), y = transposed(golden["y"]);
  EXPECT_NEAR(interquartile_mean(x), golden["iqm_x"].get<double>(), 1e-12);
  EXPECT_NEAR(interquartile_mean(y), golden["iqm_y"].get<double>(), 1e-12);
  EXPECT_NEAR(mean_over_tasks(x), golden["mean_x"].get<double>(), 1e-12);
  EXPECT_NEAR(median_over_tasks(x), golden["median_x"].get<double>(), 1e-12);
  EXPECT_NEAR(optimality_gap(x), golden["optimality_gap_x"].get<double>(), 1e-12);
  EXPECT_NEAR(probability_of_improvement(x, y), golden["prob_improvement_x_over_y"].get<double>(), 1e-12);
  for (size_t i = 0; i < golden["taus"].size(); ++i) {
    double tau = golden["taus"][i].get<double>();
    EXPECT_NEAR(run_profile(x, tau), golden["run_score_profile_x"][i].get<double>(), 1e-12) << tau;
    EXPECT_NEAR(average_profile(x, tau), golden["average_score_profile_x"][i].get<double>(), 1e-12) << tau;
  }
}

TEST(Rank, TiesCountHalf) {
  TaskScores same{{1, 2, 3}, {5, 5}};
  EXPECT_EQ(probability_of_improvement(same, same), 0.5);
  EXPECT_EQ(run_profile(same, 5), 0.0);  // strictly above
}

TEST(Bootstrap, CoversTheMeanAndRepeats) {
  std::vector<double> values{4.1, 5.2, 6.0, 4.4, 5.9, 5.1, 4.8, 5.5};
  size_t n = values.size();
  auto mean = [&](const Draw& draw) {
    double sum = 0;
    for (uint32_t i : draw[0]) sum += values[i];
    return sum / static_cast<double>(n);
  };
  Interval one = bootstrap(std::span(&n, 1), mean), two = bootstrap(std::span(&n, 1), mean);
  EXPECT_EQ(one.low, two.low);
  EXPECT_NEAR(one.point, 5.125, 1e-12);
  // A percentile interval of a mean is near the normal one with the plug-in spread.
  double half = 1.96 * moments(values).standard_error() * std::sqrt(7.0 / 8);
  EXPECT_NEAR(one.high - one.low, 2 * half, 0.1 * half);
  Interval bca = bca_bootstrap(std::span(&n, 1), mean);
  EXPECT_NEAR(bca.low, one.low, 0.15);
  EXPECT_NEAR(bca.high, one.high, 0.15);
}

TEST(Bootstrap, BcaShiftsForSkewAndInfinitiesTakePart) {
  std::vector<double> skewed{1, 1, 1, 2, 2, 3, 5, 30};
  size_t n = skewed.size();
  auto mean = [&](const Draw& draw) {
    double sum = 0;
    for (uint32_t i : draw[0]) sum += skewed[i];
    return sum / static_cast<double>(draw[0].size());
  };
  EXPECT_GT(bca_bootstrap(std::span(&n, 1), mean).high, bootstrap(std::span(&n, 1), mean).high);
  auto missed = [&](const Draw& draw) { return draw[0][0] == 0 ? HUGE_VAL : 1.0; };
  Interval interval = bootstrap(std::span(&n, 1), missed);
  EXPECT_NEAR(interval.infinite_share, 1.0 / 8, 0.01);
  EXPECT_EQ(interval.high, HUGE_VAL);
  EXPECT_EQ(interval.low, 1);
}

TEST(Bootstrap, ClustersStayTogether) {
  std::vector<std::vector<uint32_t>> clusters{{0, 1, 2}, {3, 4, 5}};
  auto whole = [](const Draw& draw) {
    double broken = 0;
    for (size_t i = 0; i + 2 < draw[0].size(); i += 3) broken += draw[0][i] + 2 == draw[0][i + 2] ? 0 : 1;
    return broken;
  };
  EXPECT_EQ(cluster_bootstrap(clusters, whole).high, 0);
}

TEST(Bootstrap, TenThousandResamplesOfABoardTakeUnderASecond) {
  std::vector<size_t> sizes(8 * 11, 5);
  std::vector<double> times(5);
  auto begin = std::chrono::steady_clock::now();
  bootstrap(sizes, [&](const Draw& draw) {
    double sum = 0;
    for (const auto& cell : draw) {
      for (size_t i = 0; i < 5; ++i) times[i] = cell[i];
      std::nth_element(times.begin(), times.begin() + 2, times.end());
      sum += times[2];
    }
    return sum;
  });
  // Sanitizers make the loop several times slower; what is promised is the time of a build without them.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  constexpr double kMostSeconds = 20;
#else
  constexpr double kMostSeconds = 1;
#endif
  EXPECT_LT(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(), kMostSeconds);
}

}  // namespace
}  // namespace hasten::stats
