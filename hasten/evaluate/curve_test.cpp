// Envelopes and read-offs; golden values measured on published tradeoff curves when they are at hand.
#include "hasten/evaluate/curve.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <map>

#include "hasten/base/json.h"
#include "hasten/base/shared_data.h"
#include "hasten/base/text.h"

namespace hasten::evaluate {
namespace {

constexpr Direction kUp = Direction::kMaximize, kDown = Direction::kMinimize;

TEST(Envelope, KeepsOnlyWhatNothingCheaperBeats) {
  auto upper = envelope({{4, .5}, {1, .2}, {2, .6}, {3, .6}, {8, .7}, {9, .65}}, kUp);
  ASSERT_EQ(upper.size(), 3u);
  EXPECT_EQ(upper[1].cost, 2);
  EXPECT_EQ(upper[2].quality, .7);
  EXPECT_EQ(envelope({{1, 3.0}, {2, 2.5}, {3, 2.6}}, kDown).size(), 2u);
  EXPECT_TRUE(envelope(std::vector<EnvelopePoint>{}, kUp).empty());
}

TEST(ReadCost, LinearInQualityAgainstLogCostAndNullOutside) {
  auto upper = envelope({{10, .8}, {1000, .9}}, kUp);
  EXPECT_NEAR(read_cost(upper, .85, kUp).value(), 100, 1e-9);
  EXPECT_EQ(read_cost(upper, .8, kUp).value(), 10);
  EXPECT_EQ(read_cost(upper, .9, kUp).value(), 1000);
  EXPECT_FALSE(read_cost(upper, .79, kUp).has_value());
  EXPECT_FALSE(read_cost(upper, .91, kUp).has_value());
  EXPECT_FALSE(read_cost({}, .9, kUp).has_value());
  auto losses = envelope({{10, 3.0}, {1000, 2.0}}, kDown);
  EXPECT_NEAR(read_cost(losses, 2.5, kDown).value(), 100, 1e-9);
  EXPECT_FALSE(read_cost(losses, 3.1, kDown).has_value());
}

TEST(ReadCost, IsMonotoneInTheTarget) {
  auto upper = envelope({{3, .31}, {7, .55}, {9, .52}, {20, .71}, {55, .7101}}, kUp);
  double before = 0;
  for (double q = .31; q <= .7101; q += .0007) {
    double cost = read_cost(upper, q, kUp).value();
    EXPECT_GE(cost, before);
    before = cost;
  }
}

TEST(ReadQuality, StaysWithinTheMeasuredCosts) {
  Curve curve{"a", Cost::kTrainSeconds, kUp, {}};
  for (auto [cost, quality] : {std::pair{10.0, .5}, {100.0, .7}, {200.0, .6}}) {
    curve.points.push_back({"", PointKind::kStandard, {{cost, quality, 0}}});
  }
  EXPECT_NEAR(read_quality(curve, std::sqrt(1000.0)).value(), .6, 1e-12);
  EXPECT_EQ(read_quality(curve, 150).value(), .7);  // measured there: the envelope's last value holds
  EXPECT_FALSE(read_quality(curve, 201).has_value());
  EXPECT_FALSE(read_quality(curve, 9).has_value());
}

std::map<std::string, Curve> published_curves(const std::string& kind) {
  std::map<std::string, Curve> curves;
  std::ifstream file(shared_data("evaluation/cyclic/curves.csv"));
  std::string line;
  while (std::getline(file, line)) {
    auto cells = split(line, ',');
    if (cells.size() < 6 || cells[0] != kind) continue;
    curves[cells[1]].points.push_back(
        {cells[2], PointKind::kStandard, {{std::stod(cells[4]), std::stod(cells[6]), 0}}});
  }
  return curves;
}

TEST(Speedup, MatchesPublishedCurvesToFourDecimals) {
  HASTEN_NEEDS_SHARED("evaluation/cyclic/expected.json");
  Json expected = read_json(shared_data("evaluation/cyclic/expected.json"))["speedup_at_iso_accuracy"];
  int read = 0, null = 0;
  for (const char* kind : {"standard", "cyclic"}) {
    auto curves = published_curves(kind);
    for (const auto& [key, table] : expected.items()) {
      auto parts = split(key, '/');
      if (parts[0] != kind) continue;
      for (const auto& [target, speedup] : table.items()) {
        auto value = speedup_at(curves.at("Baseline"), curves.at(parts[1]), std::stod(target));
        EXPECT_EQ(value.has_value(), !speedup.is_null()) << key << " " << target;
        if (value && !speedup.is_null()) {
          EXPECT_NEAR(*value, speedup.get<double>(), 5.1e-5) << key << " " << target;
        }
        ++(speedup.is_null() ? null : read);
      }
    }
  }
  EXPECT_GT(read, 100);
  EXPECT_GT(null, 5);
}

}  // namespace
}  // namespace hasten::evaluate
