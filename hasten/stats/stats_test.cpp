// Golden values come from the records named beside them; others from first principles.
#include <gtest/gtest.h>

#include <cmath>

#include "hasten/stats/distributions.h"
#include "hasten/stats/moments.h"
#include "hasten/stats/power.h"
#include "hasten/stats/tests.h"

namespace hasten::stats {
namespace {

// A sample with this mean and standard deviation exactly: +-sd pairs, scaled.
std::vector<double> sample(int n, double mean, double sd) {
  std::vector<double> values(static_cast<size_t>(n), mean);
  double squares = 0;
  for (int i = 0; i + 1 < n; i += 2) {
    values[static_cast<size_t>(i)] = mean + 1;
    values[static_cast<size_t>(i + 1)] = mean - 1;
    squares += 2;
  }
  double scale = sd / std::sqrt(squares / (n - 1));
  for (double& value : values) value = mean + (value - mean) * scale;
  return values;
}

TEST(Moments, WelfordKeepsSmallSpreadsOnLargeMeans) {
  std::vector<double> values{1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16};
  Moments m = moments(values);
  EXPECT_DOUBLE_EQ(m.mean, 1e9 + 10);
  EXPECT_NEAR(m.variance(), 30, 1e-9);
  EXPECT_TRUE(std::isnan(moments(std::vector<double>{1}).sd()));
}

TEST(Moments, MedianAndQuantileAcceptInfinity) {
  EXPECT_EQ(median({3, 1, 2}), 2);
  EXPECT_EQ(median({4, 1, 2, 3}), 2.5);
  EXPECT_EQ(median({1, HUGE_VAL}), HUGE_VAL);
  EXPECT_EQ(median({HUGE_VAL, HUGE_VAL, 1}), HUGE_VAL);
  EXPECT_EQ(median({HUGE_VAL, HUGE_VAL}), HUGE_VAL);
  EXPECT_EQ(quantile({0, 10}, 0.25), 2.5);
  EXPECT_EQ(quantile({1, HUGE_VAL, HUGE_VAL}, 1), HUGE_VAL);
  EXPECT_TRUE(std::isnan(median({})));
}

TEST(Moments, TrimmedOlympicAndExpectedBest) {
  EXPECT_EQ(trimmed_mean({100, 1, 2, 3, 4, 5, 6, -100}, 0.25), 3.5);
  EXPECT_EQ(olympic_mean({9, 1, 2, 3}), 2.5);
  EXPECT_TRUE(std::isnan(olympic_mean({1, 2})));
  EXPECT_EQ(expected_best({1, 2, 3}, 1, true), 2);
  EXPECT_NEAR(expected_best({1, 2}, 2, true), 1.75, 1e-15);
  EXPECT_NEAR(expected_best({1, 2}, 2, false), 1.25, 1e-15);
}

TEST(StudentT, PublishedPValuesOfModdedNanogptRecords) {
  // One-sided, from t and degrees of freedom of the records SoftCap, BosAlign and FP8DownProjection.
  EXPECT_NEAR(student_cdf(-4.015030, 79) / 6.720589e-5, 1, 1e-6);
  EXPECT_NEAR(student_cdf(-2.870530, 19) / .004895974, 1, 1e-6);
  EXPECT_NEAR(student_cdf(-4.153537, 12) / 6.690604e-4, 1, 1e-6);
  EXPECT_NEAR(student_cdf(-HUGE_VAL, 5), 0, 0);
  EXPECT_NEAR(student_cdf(0, 1.5), 0.5, 1e-15);
  EXPECT_NEAR(student_cdf(1, 1), 0.75, 1e-14);  // Cauchy
}

TEST(StudentT, OneSampleKnowsItsSides) {
  TTest test = one_sample_t(sample(20, 3.2790, .0015), 3.28);
  EXPECT_NEAR(test.t, -.001 / (.0015 / std::sqrt(20.0)), 1e-9);
  EXPECT_LT(test.p_less, 0.01);
  EXPECT_NEAR(test.p_less + test.p_greater, 1, 1e-12);
  EXPECT_LT(test.high, 0);
  EXPECT_TRUE(std::isnan(one_sample_t(std::vector<double>{1}, 0).p_less));
  EXPECT_EQ(one_sample_t(std::vector<double>{2, 2, 2}, 3).p_less, 0);
}

TEST(StudentT, WelchMatchesTheFormula) {
  std::vector<double> a = sample(4, 10, 2), b = sample(6, 7, 1);
  TTest test = welch_t(a, b);
  // A contrast of other scale is the same test.
  const WeightedSample doubled[] = {{a, 2}, {b, -2}};
  EXPECT_NEAR(contrast_t(doubled).difference, 2 * test.difference, 1e-12);
  EXPECT_NEAR(contrast_t(doubled).t, test.t, 1e-12);
  EXPECT_NEAR(contrast_t(doubled).dof, test.dof, 1e-9);
  // With the variance of both together it is the pooled test.
  const TTest pooled = pooled_t(a, b);
  const double variance = (moments(a).squares + moments(b).squares) / 8;
  const WeightedSample plain[] = {{a, 1}, {b, -1}};
  EXPECT_NEAR(contrast_t(plain, variance, 8).t, pooled.t, 1e-12);
  EXPECT_NEAR(contrast_t(plain, variance, 8).low, pooled.low, 1e-12);
  // 4.347 is exceeded by one in twenty ratios of variances with 6 and 5 degrees of freedom: 4.950.
  EXPECT_NEAR(fisher_cdf(4.950, 6, 5), 0.95, 1e-4);
  double va = 4.0 / 4, vb = 1.0 / 6;
  EXPECT_NEAR(test.t, 3 / std::sqrt(va + vb), 1e-12);
  EXPECT_NEAR(test.dof, (va + vb) * (va + vb) / (va * va / 3 + vb * vb / 5), 1e-12);
  EXPECT_NEAR(welch_t(b, a).p_less, test.p_greater, 1e-15);
  EXPECT_NEAR(pooled_t(a, a).p_two_sided, 1, 1e-12);
  EXPECT_NEAR(paired_t(a, a).t, 0, 0);
}

TEST(StudentT, ASeedEqualToTheMeanNeverWidensTheInterval) {
  for (int n = 2; n < 12; ++n) {
    std::vector<double> values = sample(n, 5, 1.3);
    TTest before = one_sample_t(values, 0);
    values.push_back(moments(values).mean);
    TTest after = one_sample_t(values, 0);
    EXPECT_LE(after.high - after.low, before.high - before.low) << n;
  }
}

TEST(MannWhitneyTest, ExactAndTied) {
  MannWhitney apart = mann_whitney(std::vector<double>{1, 2, 3}, std::vector<double>{4, 5, 6});
  EXPECT_EQ(apart.u, 0);
  EXPECT_NEAR(apart.p_less, 1.0 / 20, 1e-15);  // one of (6 choose 3) arrangements
  EXPECT_NEAR(apart.p_two_sided, 0.1, 1e-15);
  EXPECT_NEAR(apart.p_greater, 1, 1e-15);
  std::vector<double> same{1, 1, 2};
  EXPECT_EQ(mann_whitney(same, same).superiority, 0.5);
  EXPECT_GT(mann_whitney(same, same).p_two_sided, 0.99);
}

TEST(Holm, StepsDown) {
  std::vector<double> adjusted = holm(std::vector<double>{0.01, 0.04, 0.03, 0.005});
  EXPECT_DOUBLE_EQ(adjusted[3], 0.02);
  EXPECT_DOUBLE_EQ(adjusted[0], 0.03);
  EXPECT_DOUBLE_EQ(adjusted[2], 0.06);
  EXPECT_DOUBLE_EQ(adjusted[1], 0.06);
}

// Golden values of scipy.stats.fisher_exact.
TEST(FisherExact, TwoSidedOverTablesOfUnequalSides) {
  EXPECT_NEAR(fisher_exact(2, 21, 0, 3), 1, 1e-9);
  EXPECT_NEAR(fisher_exact(3, 4, 0, 4), 0.14285714, 1e-8);
  EXPECT_NEAR(fisher_exact(5, 5, 0, 5), 0.0079365079, 1e-9);
  EXPECT_NEAR(fisher_exact(0, 5, 5, 5), 0.0079365079, 1e-9);
  EXPECT_NEAR(fisher_exact(3, 3, 0, 6), 1.0 / 84, 1e-9);  // one of (9 choose 3) tables, and none as unlikely
  EXPECT_NEAR(fisher_exact(0, 3, 0, 6), 1, 1e-9);
  EXPECT_NEAR(fisher_exact(4, 4, 4, 4), 1, 1e-9);
}

// Mehler's expansion of the bivariate density in Hermite polynomials, summed.
double both_within_by_series(double reach, double correlation) {
  const double density = std::exp(-reach * reach / 2) / std::sqrt(2 * 3.14159265358979323846);
  double sum = std::pow(2 * normal_cdf(reach) - 1, 2), before = 1, hermite = reach, factor = correlation;
  for (int n = 2; n < 120; ++n) {  // hermite is that of degree n - 1, factor the correlation's power over n!
    factor *= correlation / n;
    if (n % 2 == 0) sum += factor * std::pow(2 * density * hermite, 2);
    const double next = reach * hermite - (n - 1) * before;
    before = hermite;
    hermite = next;
  }
  return sum;
}

TEST(TwoLooks, HoldTogetherAsOneWould) {
  for (const double correlation : {0.0, 0.3, 0.7, 0.8})
    EXPECT_NEAR(both_within(2.1783, correlation), both_within_by_series(2.1783, correlation), 1e-7) << correlation;
  EXPECT_NEAR(both_within(1.959964, 1), 0.95, 1e-6);
  EXPECT_NEAR(confidence_of_two_looks(0.5), 0.9706, 5e-5);  // Pocock's table
  EXPECT_NEAR(confidence_of_two_looks(0), std::sqrt(0.95), 1e-7);  // two that have nothing in common
  EXPECT_NEAR(confidence_of_two_looks(1), 0.95, 1e-7);  // the same one twice
  EXPECT_GT(confidence_of_two_looks(0.1), 0.973) << "ten times the runs: nearly two of their own";
  EXPECT_LT(confidence_of_two_looks(0.9), confidence_of_two_looks(0.5));
}

TEST(Power, DetectableSpeedupsOfTheUsualSeeds) {
  struct Row {
    int64_t n;
    double cv, percent;
  };
  for (const Row& row : {Row{3, .02, 7.0}, Row{5, .02, 4.7}, Row{10, .02, 3.1}, Row{3, .05, 17.6}, Row{5, .05, 11.7},
                         Row{10, .05, 7.7}, Row{3, .001, .35}, Row{5, .001, .23}, Row{10, .001, .15}}) {
    EXPECT_NEAR(smallest_detectable(row.n, row.n, row.cv).value() * 100, row.percent, row.percent > 1 ? .051 : .0051)
        << row.n << " " << row.cv;
  }
  EXPECT_NEAR(two_sample_power(5, smallest_detectable(5, 5, 1).value()), .9, .01);
  EXPECT_FALSE(smallest_detectable(1, 3, .02).has_value());
}

TEST(Power, RunsNeededForAMargin) {
  std::vector<std::pair<double, std::vector<int64_t>>> rows{{.0013, {6, 9, 13, 25, 91}}, {.0020, {9, 16, 26, 55, 211}}};
  std::vector<double> margins{.003, .002, .0015, .001, .0005};
  for (const auto& [sd, expected] : rows) {
    for (size_t i = 0; i < margins.size(); ++i) EXPECT_EQ(runs_to_pass(margins[i], sd, .01), expected[i]) << margins[i];
  }
}

TEST(RatioOfCosts, MiddleAndIntervalOnLogs) {
  std::vector<double> base{70, 71, 69}, fast{28, 29, 27.5};
  Ratio ratio = ratio_of_costs(base, fast);
  EXPECT_NEAR(ratio.value, 70 / (84.5 / 3), 1e-12);
  EXPECT_GT(ratio.low, 2.2);
  EXPECT_LT(ratio.high, 2.8);
  EXPECT_LT(ratio.low, ratio.value);
  EXPECT_NEAR(ratio_of_costs(fast, base).high, 1 / ratio.low, 1e-12);
  EXPECT_FALSE(ratio_of_costs(std::vector<double>{1}, fast).has_interval);
}

}  // namespace
}  // namespace hasten::stats
