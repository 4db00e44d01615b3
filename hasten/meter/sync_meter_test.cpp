// Counting reads of single numbers.
#include "hasten/meter/sync_meter.h"

#include <ATen/ops/ones.h>
#include <gtest/gtest.h>

namespace hasten {
namespace {

TEST(SyncMeterTest, CountsReadsOfNumbersAndNothingElse) {
  const at::Tensor x = at::ones({3});
  SyncMeter meter;
  const SyncMeter::Reading before = meter.reading();
  at::Tensor y = x.add(x).mul(x).sum();
  EXPECT_EQ(meter.reading().syncs, before.syncs);
  EXPECT_EQ(y.item<float>(), 6);
  EXPECT_EQ(x[1].item<float>(), 1);
  EXPECT_EQ(meter.reading().syncs, before.syncs + 2);
  EXPECT_GT(meter.reading().ns, before.ns);
}

TEST(SyncMeterTest, StopsWithItsLife) {
  SyncMeter::Reading inside;
  {
    SyncMeter meter;
    inside = meter.reading();
  }
  EXPECT_EQ(at::ones({}).item<float>(), 1);
  EXPECT_EQ(SyncMeter().reading().syncs, inside.syncs);
}

}  // namespace
}  // namespace hasten
