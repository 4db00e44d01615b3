// Points of a search: the sequence itself, its stratification, low discrepancy, and independence of order.
#include "hasten/study/search_points.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace hasten {
namespace {

// L2 star discrepancy by Warnock's formula.
double discrepancy(SearchKind kind, uint64_t seed, int64_t count, int64_t dimensions) {
  std::vector<std::vector<double>> points;
  for (int64_t i = 0; i < count; ++i) points.push_back(search_point(kind, seed, i, dimensions));
  const auto n = static_cast<double>(count);
  double single = 0, pairs = 0;
  for (const auto& x : points) {
    double product = 1;
    for (double v : x) product *= (1 - v * v) / 2;
    single += product;
    for (const auto& y : points) {
      double overlap = 1;
      for (size_t d = 0; d < x.size(); ++d) overlap *= 1 - std::max(x[d], y[d]);
      pairs += overlap;
    }
  }
  return std::sqrt(std::pow(3.0, -static_cast<double>(dimensions)) - 2 * single / n + pairs / (n * n));
}

TEST(SearchPoints, AreSobolsSequence) {
  // From torch.quasirandom.SobolEngine(21), whose order is that of the Gray code: point 688 there is index 1000 here.
  EXPECT_EQ(sobol_bits(0, 0), 0U);
  EXPECT_EQ(sobol_bits(1, 3), 0x80000000U);
  const std::vector<double> expected{0.0927734375, 0.1611328125, 0.4501953125, 0.9091796875, 0.9931640625, 0.1630859375,
                                     0.0166015625, 0.6396484375, 0.9990234375, 0.1220703125, 0.2314453125, 0.9873046875,
                                     0.1396484375, 0.9326171875, 0.8798828125, 0.0166015625, 0.6669921875, 0.4326171875,
                                     0.7626953125, 0.4501953125, 0.2626953125};
  for (int64_t d = 0; d < kSobolDimensions; ++d) {
    EXPECT_EQ(sobol_bits(1000, d) / 4294967296.0, expected[static_cast<size_t>(d)]) << d;
  }
}

TEST(SearchPoints, EveryPowerOfTwoIsStratifiedInEachDimension) {
  for (int64_t count : {8, 64}) {
    for (int64_t d = 0; d < kSobolDimensions; ++d) {
      std::set<int64_t> cells;
      for (int64_t i = 0; i < count; ++i) {
        const double value = search_point(SearchKind::kSobol, 5, i, kSobolDimensions)[static_cast<size_t>(d)];
        EXPECT_TRUE(value >= 0 && value < 1);
        cells.insert(static_cast<int64_t>(value * static_cast<double>(count)));
      }
      EXPECT_EQ(static_cast<int64_t>(cells.size()), count) << "dimension " << d;
    }
  }
}

TEST(SearchPoints, TheFirstTwoDimensionsAreANet) {
  // 16 points, one in each box of 16 x 1, 8 x 2, 4 x 4, 2 x 8 and 1 x 16 cells.
  for (int split = 0; split <= 4; ++split) {
    std::set<std::pair<int, int>> boxes;
    for (int64_t i = 0; i < 16; ++i) {
      const auto point = search_point(SearchKind::kSobol, 3, i, 2);
      boxes.insert({static_cast<int>(point[0] * (1 << split)), static_cast<int>(point[1] * (16 >> split))});
    }
    EXPECT_EQ(boxes.size(), 16U) << split;
  }
}

TEST(SearchPoints, SobolFillsBetterThanChance) {
  // Chance has the expected square (2^-d - 3^-d) / n; 128 points of scrambled Sobol have less than half of its root in
  // five dimensions, and a fifth in two.
  for (int64_t dimensions : {2, 5}) {
    const double d = static_cast<double>(dimensions), count = 128;
    const double chance = std::sqrt((std::pow(2.0, -d) - std::pow(3.0, -d)) / count);
    for (uint64_t seed : {0, 1, 2}) {
      EXPECT_LT(discrepancy(SearchKind::kSobol, seed, 128, dimensions), (dimensions == 2 ? 0.25 : 0.5) * chance);
      EXPECT_GT(discrepancy(SearchKind::kRandom, seed, 128, dimensions), 0.5 * chance);
    }
  }
}

TEST(SearchPoints, SeedsDifferAndPointsDoNotDependOnOthers) {
  for (SearchKind kind : {SearchKind::kSobol, SearchKind::kRandom}) {
    EXPECT_NE(search_point(kind, 1, 7, 3), search_point(kind, 2, 7, 3));
    EXPECT_NE(search_point(kind, 1, 7, 3), search_point(kind, 1, 8, 3));
    const auto five = search_point(kind, 1, 7, 5), three = search_point(kind, 1, 7, 3);
    EXPECT_TRUE(
        std::equal(three.begin(), three.end(), five.begin()));  // a further range leaves the others as they were
  }
}

}  // namespace
}  // namespace hasten
