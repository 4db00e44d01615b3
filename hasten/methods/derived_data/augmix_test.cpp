// augmix: its settings become a step of the image pipeline, and its work is that of the paper on images.
#include "hasten/methods/derived_data/augmix.h"

#include <gtest/gtest.h>

#include "hasten/core/plan_with.h"
#include "hasten/data/pixel_transform.h"

namespace hasten {
namespace {

template <class Step>
Step step_of(const Json& settings) {
  testing::PlannedMethod planned = testing::plan_with({augmix_spec(), make_augmix}, settings);
  const ColourStep step = dynamic_cast<const PixelTransform&>(planned.run.engine.look<BatchTransform>(0)).step();
  return std::get<Step>(step);
}

TEST(AugmixTest, SettingsBecomeAStep) {
  const auto step = step_of<AugMix>(
      {{"name", "augmix"}, {"severity", 4}, {"width", 2}, {"depth", 1}, {"alpha", 0.5}, {"all_operations", false}});
  EXPECT_EQ(step.severity, 4);
  EXPECT_EQ(step.width, 2);
  EXPECT_EQ(step.depth, 1);
  EXPECT_EQ(step.alpha, 0.5);
  EXPECT_FALSE(step.all_operations);
}

}  // namespace
}  // namespace hasten
