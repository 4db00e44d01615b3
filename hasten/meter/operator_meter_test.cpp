// What operators cost, against sums by hand.
#include "hasten/meter/operator_meter.h"

#include <ATen/ops/mm.h>
#include <ATen/ops/ones.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace hasten {
namespace {

const OperatorUse* find(const std::vector<OperatorUse>& uses, const std::string& name) {
  const auto found = std::find_if(uses.begin(), uses.end(), [&](const OperatorUse& use) { return use.name == name; });
  return found == uses.end() ? nullptr : &*found;
}

TEST(OperatorMeterTest, CountsCallsFlopsAndBytes) {
  const at::Tensor a = at::ones({64, 32}), b = at::ones({32, 16});
  OperatorMeter meter;
  const at::Tensor c = at::mm(a, b);
  const at::Tensor d = c.add(c);
  d.view({-1});
  const auto uses = meter.uses();
  const OperatorUse* product = find(uses, "aten::mm");
  ASSERT_NE(product, nullptr);
  EXPECT_EQ(product->calls, 1);
  EXPECT_DOUBLE_EQ(product->flops, 2.0 * 64 * 32 * 16);
  EXPECT_DOUBLE_EQ(product->bytes, 4.0 * (64 * 32 + 32 * 16 + 64 * 16));
  EXPECT_GT(product->seconds, 0);
  const OperatorUse* sum = find(uses, "aten::add");
  ASSERT_NE(sum, nullptr);
  EXPECT_DOUBLE_EQ(sum->bytes, 4.0 * 3 * 64 * 16);
  const OperatorUse* view = find(uses, "aten::view");
  ASSERT_NE(view, nullptr);
  EXPECT_EQ(view->bytes, 0);
}

TEST(OperatorMeterTest, InPlaceOperatorsMoveBytesAndNothingIsCountedAfterwards) {
  at::Tensor a = at::ones({100});
  {
    OperatorMeter meter;
    a.mul_(2);
    const std::vector<OperatorUse> uses = meter.uses();
    const OperatorUse* product = find(uses, "aten::mul_");
    ASSERT_NE(product, nullptr);
    EXPECT_NEAR(product->bytes, 800, 20) << "the scalar is an operator's of its own";
  }
  OperatorMeter meter;
  EXPECT_TRUE(meter.uses().empty());
}

TEST(OperatorMeterTest, PeaksArePositive) {
  const DevicePeaks peaks = measure_peaks(false, false);
  EXPECT_GT(peaks.flops_per_s, 1e8);
  EXPECT_GT(peaks.bytes_per_s, 1e8);
}

}  // namespace
}  // namespace hasten
