// colour_jitter: its settings become a step of the image pipeline, and its work is that of the paper on images.
#include "hasten/methods/derived_data/colour_jitter.h"

#include <gtest/gtest.h>

#include "hasten/core/plan_with.h"
#include "hasten/data/pixel_transform.h"

namespace hasten {
namespace {

template <class Step>
Step step_of(const Json& settings) {
  testing::PlannedMethod planned = testing::plan_with({colour_jitter_spec(), make_colour_jitter}, settings);
  const ColourStep step = dynamic_cast<const PixelTransform&>(planned.run.engine.look<BatchTransform>(0)).step();
  return std::get<Step>(step);
}

TEST(ColourJitterTest, SettingsBecomeAStep) {
  const auto step = step_of<ColourJitter>({{"name", "colour_jitter"},
                                           {"brightness", 0.1},
                                           {"contrast", 0.2},
                                           {"saturation", 0.3},
                                           {"hue", 0.05},
                                           {"chance", 0.8}});
  EXPECT_EQ(step.brightness, 0.1);
  EXPECT_EQ(step.contrast, 0.2);
  EXPECT_EQ(step.saturation, 0.3);
  EXPECT_EQ(step.hue, 0.05);
  EXPECT_EQ(step.chance, 0.8);
}

}  // namespace
}  // namespace hasten
