// Ranges as records keep them, and their ends.
#include "hasten/evaluate/search_range.h"

#include <gtest/gtest.h>

#include "hasten/base/json.h"

namespace hasten::evaluate {
namespace {

TEST(SearchRange, KeepsNumbersAndNamesTheRest) {
  const auto ranges = search_ranges(space_from_json(Json::parse(R"({
    "optimizer.lr": {"low": 0.001, "high": 1, "scale": "log"}, "batch.size": {"choices": [64, 128]},
    "optimizer.name": {"choices": ["sgd", "adamw"]}, "method.ema.half_life": {"low": "1ep", "high": "2ep"}})")));
  ASSERT_EQ(ranges.size(), 4U);
  EXPECT_EQ(ranges[0].low, 0.001);
  EXPECT_TRUE(ranges[0].log);
  EXPECT_EQ(ranges[1].values, (std::vector<double>{64, 128}));
  EXPECT_FALSE(ranges[1].low.has_value());
  EXPECT_EQ(ranges[2].name, "optimizer.name");
  EXPECT_TRUE(ranges[2].values.empty());
  EXPECT_EQ(ranges[3].high, 2);
}

TEST(SearchRange, EdgesAreFiveOfAHundredOnTheRangesOwnScale) {
  SearchRange log{.name = "lr", .low = 1e-3, .high = 1.0, .log = true, .values = {}};
  EXPECT_EQ(at_edge(log, 1.3e-3), "within 5% of the low end of its range");
  EXPECT_FALSE(at_edge(log, 1.5e-3).has_value());
  EXPECT_FALSE(at_edge(log, 0.7).has_value());
  EXPECT_EQ(at_edge(log, 0.72), "within 5% of the high end of its range");
  log.log = false;
  EXPECT_TRUE(at_edge(log, 0.04).has_value());
  EXPECT_FALSE(at_edge(log, 0.06).has_value());
  SearchRange grid{.name = "size", .low = {}, .high = {}, .log = false, .values = {64, 128, 256}};
  EXPECT_EQ(at_edge(grid, 64), "the first of the values tried");
  EXPECT_FALSE(at_edge(grid, 128).has_value());
}

}  // namespace
}  // namespace hasten::evaluate
