// Rungs: how many, how long, and who climbs.
#include "hasten/study/halving.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "hasten/base/error.h"

namespace hasten {
namespace {

std::vector<int64_t> trials_of(const std::vector<Rung>& rungs) {
  std::vector<int64_t> out;
  for (const Rung& rung : rungs) out.push_back(rung.trials);
  return out;
}
using Counts = std::vector<int64_t>;

TEST(Halving, TheLastRungHasSomethingToChooseFrom) {
  EXPECT_EQ(trials_of(plan_rungs(27, 3, 0)), (Counts{27, 9, 3}));
  EXPECT_EQ(trials_of(plan_rungs(16, 3, 0)), (Counts{16, 5}));
  EXPECT_EQ(trials_of(plan_rungs(16, 2, 0)), (Counts{16, 8, 4, 2}));
  EXPECT_EQ(trials_of(plan_rungs(5, 3, 0)), (Counts{5}));
  EXPECT_EQ(trials_of(plan_rungs(1, 3, 0)), (Counts{1}));
  EXPECT_EQ(trials_of(plan_rungs(27, 3, 2)), (Counts{27, 9}));
  EXPECT_EQ(trials_of(plan_rungs(27, 3, 1)), (Counts{27}));
}

TEST(Halving, BudgetsGrowByTheReductionToTheWhole) {
  const std::vector<Rung> rungs = plan_rungs(64, 4, 0);  // 64, 16, 4
  ASSERT_EQ(rungs.size(), 3U);
  EXPECT_EQ(rungs[0].share, 1.0 / 16);
  EXPECT_EQ(rungs[1].share, 1.0 / 4);
  EXPECT_EQ(rungs[2].share, 1.0);
}

TEST(Halving, BudgetsAreWholeWhereTheyCount) {
  EXPECT_EQ(to_string(rung_budget({8, Unit::kEpoch}, 1.0 / 3)), "2.667ep");
  EXPECT_EQ(to_string(rung_budget({500, Unit::kStep}, 1.0 / 3)), "167step");
  EXPECT_EQ(to_string(rung_budget({1, Unit::kStep}, 1.0 / 9)), "1step");
  EXPECT_EQ(to_string(rung_budget({1e15, Unit::kFlop}, 1.0 / 3)), "3.333e+14flop");
  EXPECT_EQ(to_string(rung_budget({1.23456789, Unit::kSecond}, 1)), "1.23456789s");  // the whole is as it was given
}

TEST(Halving, RefusesWhatCannotBe) {
  EXPECT_THROW(plan_rungs(0, 3, 0), ConfigError);
  EXPECT_THROW(plan_rungs(9, 1, 0), ConfigError);
  EXPECT_THROW(plan_rungs(9, std::nan(""), 0), ConfigError);
  EXPECT_THROW(plan_rungs(9, 3, -1), ConfigError);
  EXPECT_THROW(plan_rungs(9, 3, 3), ConfigError);  // 9, 3, 1
  EXPECT_NO_THROW(plan_rungs(9, 3, 2));
}

TEST(Halving, RanksByQualityThenNumberAndWhatDivergedLast) {
  const double nan = std::nan(""), inf = std::numeric_limits<double>::infinity();
  const std::vector<TrialQuality> trials{{1, 0.5}, {2, {}}, {3, 0.7}, {4, 0.5}, {5, nan}, {6, inf}};
  EXPECT_EQ(ranked(trials, true), (Counts{3, 1, 4, 2, 5, 6}));
  EXPECT_EQ(ranked(trials, false), (Counts{1, 4, 3, 2, 5, 6}));
  EXPECT_EQ(ranked({trials.rbegin(), trials.rend()}, true), (Counts{3, 1, 4, 2, 5, 6}));
}

}  // namespace
}  // namespace hasten
