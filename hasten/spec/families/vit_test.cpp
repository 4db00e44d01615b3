// Vision transformers: sizes and cost of the published ones.
#include <gtest/gtest.h>

#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/spec/family.h"

namespace hasten {
namespace {

ModelPlan vit(const Json& settings, const Shape& images = {3, 224, 224}, int64_t classes = 1000) {
  const DatasetInfo data{"images", images, classes, 1000, 100};
  const FamilySpec& family = find_family("vit");
  return family.build(family.params->parse(settings, "model"), data);
}

// torchvision's vit_b_16 and vit_b_32: parameters to the unit, multiply-adds to what it states.
TEST(VitTest, IsThePublishedModel) {
  const ModelPlan base16 = vit({{"patch", 16}, {"layers", 12}, {"width", 768}, {"heads", 12}});
  EXPECT_EQ(base16.parameter_count(), 86567656);
  EXPECT_NEAR(base16.flops().forward / 2e9, 17.56, 0.01);
  const ModelPlan base32 = vit({{"patch", 32}, {"layers", 12}, {"width", 768}, {"heads", 12}});
  EXPECT_EQ(base32.parameter_count(), 88224232);
  EXPECT_NEAR(base32.flops().forward / 2e9, 4.41, 0.01);
}

TEST(VitTest, ReadsOutATokenOrTheMean) {
  const ModelPlan token = vit({{"layers", 1}}, {3, 32, 32}, 10),
                  mean = vit({{"layers", 1}, {"readout", "average"}}, {3, 32, 32}, 10);
  EXPECT_EQ(token.blocks[1].layers[0].in, (Shape{65, 192}));
  EXPECT_EQ(mean.blocks[1].layers[0].in, (Shape{64, 192}));
  EXPECT_EQ(token.parameter_count() - mean.parameter_count(), 2 * 192);
}

TEST(VitTest, RefusesPatchesThatDoNotFit) {
  EXPECT_THROW(vit({{"patch", 5}}, {3, 32, 32}), ConfigError);
  EXPECT_THROW(vit({{"patch", 1}, {"heads", 5}}, {3, 32, 32}), ConfigError);
}

}  // namespace
}  // namespace hasten
