// trivial_augment: its settings become a step of the image pipeline, and its work is that of the paper on images.
#include "hasten/methods/derived_data/trivial_augment.h"

#include <gtest/gtest.h>

#include "hasten/core/plan_with.h"
#include "hasten/data/pixel_transform.h"

namespace hasten {
namespace {

template <class Step>
Step step_of(const Json& settings) {
  testing::PlannedMethod planned = testing::plan_with({trivial_augment_spec(), make_trivial_augment}, settings);
  const ColourStep step = dynamic_cast<const PixelTransform&>(planned.run.engine.look<BatchTransform>(0)).step();
  return std::get<Step>(step);
}

TEST(TrivialAugmentTest, HasTheWideTableOfThePaper) {
  EXPECT_EQ(step_of<TrivialAugment>({{"name", "trivial_augment"}}).bins, 31);
}

}  // namespace
}  // namespace hasten
