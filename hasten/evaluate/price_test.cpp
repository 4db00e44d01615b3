// Prices: what a command line may say, and what a run then costs.
#include "hasten/evaluate/price.h"

#include <gtest/gtest.h>

#include "hasten/base/error.h"

namespace hasten::evaluate {
namespace {

TEST(PriceTest, ReadsWhatRunJsonHolds) {
  const Price price = parse_price(
      "usd_per_hour=0.9, source=on-demand list,date=2024-02-29,region=eu-1,grams_co2_per_kwh=380", "--price");
  EXPECT_EQ(price.usd_per_hour, 0.9);
  EXPECT_EQ(price.grams_co2_per_kwh, 380);
  EXPECT_EQ(price.source, "on-demand list");
  EXPECT_EQ(price.date, "2024-02-29");
  EXPECT_EQ(price.region, "eu-1");
  EXPECT_EQ(parse_price("source=own,date=2026-01-01,usd_per_hour=0", "--price").usd_per_hour, 0);
}

TEST(PriceTest, RefusesWhatSaysLessThanItSeems) {
  for (const char* text :
       {"", "0.9", "usd_per_hour", "usd_per_hour=", "usd_per_hour=0.9", "usd_per_hour=0.9,source=list",
        "usd_per_hour=0.9,date=2026-01-01", "source=list,date=2026-01-01", "usd=0.9,source=list,date=2026-01-01",
        "usd_per_hour=-1,source=list,date=2026-01-01", "usd_per_hour=nan,source=list,date=2026-01-01",
        "usd_per_hour=1e999,source=list,date=2026-01-01", "usd_per_hour=1x,source=list,date=2026-01-01",
        "usd_per_hour=1,source=list,date=2026-02-30", "usd_per_hour=1,source=list,date=2026-1-1",
        "usd_per_hour=1,source=list,date=26-01-0001", "usd_per_hour=1,source=list,date=2026-01-01,",
        "usd_per_hour=1,usd_per_hour=2,source=list,date=2026-01-01"}) {
    EXPECT_THROW(parse_price(text, "--price"), ConfigError) << text;
  }
}

TEST(PriceTest, GroupsMayHaveTheirOwn) {
  const GroupPrice price = parse_group_price("group=a b,usd_per_hour=2,source=list,date=2026-01-01", "--price");
  EXPECT_EQ(price.group, "a b");
  EXPECT_EQ(price.price.usd_per_hour, 2);
  EXPECT_EQ(parse_group_price("usd_per_hour=2,source=list,date=2026-01-01", "--price").group, "");
  EXPECT_THROW(parse_price("group=a,usd_per_hour=2,source=list,date=2026-01-01", "--price"), ConfigError);
}

TEST(PriceTest, CostsOfARun) {
  RunRecord record;
  record.executed.total_s = 1800;
  EXPECT_FALSE(usd(record));
  record.price = parse_price("usd_per_hour=3,grams_co2_per_kwh=400,source=list,date=2026-01-01", "--price");
  EXPECT_DOUBLE_EQ(usd(record).value(), 1.5);
  EXPECT_FALSE(grams_co2(record)) << "without a counter";
  record.executed.joules = 7.2e6;
  EXPECT_DOUBLE_EQ(grams_co2(record).value(), 800);
}

}  // namespace
}  // namespace hasten::evaluate
