// Sides of images, and models that take them.
#include "hasten/spec/resizing.h"

#include <gtest/gtest.h>

#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/spec/family.h"

namespace hasten {
namespace {

TEST(ResizingTest, SidesAreMultiplesButForTheFullOne) {
  EXPECT_EQ(resized_side(28, 0.5, 4), 16);  // 14 lies between 12 and 16
  EXPECT_EQ(resized_side(28, 0.6, 4), 16);
  EXPECT_EQ(resized_side(30, 0.99, 4), 28);
  EXPECT_EQ(resized_side(30, 1, 4), 30);
  EXPECT_EQ(resized_side(8, 0.01, 4), 4);
  EXPECT_EQ(resized_side(3, 0.5, 4), 3);
}

ModelPlan convnet(const char* readout) {
  const DatasetInfo data{"images", {1, 12, 12}, 10, 100, 10};
  const FamilySpec& family = find_family("convnet");
  return family.build(family.params->parse({{"widths", {8, 16}}, {"readout", readout}}, "model"), data);
}

std::string refusal(const ModelPlan& model, const Shape& size) {
  try {
    check_takes(model, size, "here");
    return "";
  } catch (const ConfigError& error) {
    return error.what();
  }
}

TEST(ResizingTest, ModelsThatTakeOneSizeOnlyAreFound) {
  EXPECT_EQ(refusal(convnet("average"), {1, 6, 6}), "");
  EXPECT_EQ(refusal(convnet("flatten"), {1, 12, 12}), "");
  EXPECT_EQ(refusal(convnet("flatten"), {1, 6, 6}),
            "[here] expected a model that takes images of 1x6x6 with the same parameters, got head.linear.weight would "
            "change from 10x144 to 10x16");
  EXPECT_NE(refusal(convnet("average"), {1, 2, 2}), "") << "halved twice";
}

}  // namespace
}  // namespace hasten
