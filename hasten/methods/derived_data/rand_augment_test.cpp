// rand_augment: its settings become a step of the image pipeline, and its work is that of the paper on images.
#include "hasten/methods/derived_data/rand_augment.h"

#include <gtest/gtest.h>

#include "hasten/core/plan_with.h"
#include "hasten/data/pixel_transform.h"

namespace hasten {
namespace {

template <class Step>
Step step_of(const Json& settings) {
  testing::PlannedMethod planned = testing::plan_with({rand_augment_spec(), make_rand_augment}, settings);
  const ColourStep step = dynamic_cast<const PixelTransform&>(planned.run.engine.look<BatchTransform>(0)).step();
  return std::get<Step>(step);
}

TEST(RandAugmentTest, SettingsBecomeAStep) {
  const auto step = step_of<RandAugment>({{"name", "rand_augment"}, {"operations", 3}, {"magnitude", 12.6}});
  EXPECT_EQ(step.operations, 3);
  EXPECT_EQ(step.magnitude, 13) << "a schedule passes between levels";
  EXPECT_EQ(step.bins, 31);
}

}  // namespace
}  // namespace hasten
