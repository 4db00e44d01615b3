// Residual networks against the published ones: parameters as torchvision counts them, multiply-adds as the paper does.
#include <gtest/gtest.h>

#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/spec/family.h"

namespace hasten {
namespace {

ModelPlan resnet(const Json& settings, const Shape& sample, int64_t classes) {
  const FamilySpec& family = find_family("resnet");
  return family.build(family.params->parse(settings, "model"), {"data", sample, classes, 100, 100});
}

TEST(ResNetTest, HasThePublishedSizesInTheImageNetForm) {
  struct Published {
    int64_t depth, parameters;
    double giga_multiply_adds;
  };
  // torchvision's models: parameters, and GFLOPS (multiply-adds) of their model cards at 224 x 224.
  for (const Published& p : {Published{18, 11689512, 1.814},
                             {34, 21797672, 3.664},
                             {50, 25557032, 4.089},
                             {101, 44549160, 7.801},
                             {152, 60192808, 11.514}}) {
    ModelPlan plan = resnet({{"depth", p.depth}}, {3, 224, 224}, 1000);
    EXPECT_EQ(plan.parameter_count(), p.parameters) << p.depth;
    EXPECT_NEAR(plan.flops().forward / 2e9, p.giga_multiply_adds, 0.006) << p.depth;
  }
}

TEST(ResNetTest, HasThePublishedSizesInTheCifarForm) {
  // He et al. give 0.27 M and 0.85 M with shortcuts that have no parameters; ours are projections: 2,752 more weights
  // in the two of them, with their norms.
  EXPECT_EQ(resnet({{"depth", 20}}, {3, 32, 32}, 10).parameter_count(), 269722 + 16 * 32 + 32 * 64 + 2 * (32 + 64));
  EXPECT_EQ(resnet({{"depth", 56}}, {3, 32, 32}, 10).parameter_count(), 853018 + 16 * 32 + 32 * 64 + 2 * (32 + 64));
  // The often used ResNet-18 for 32 x 32 images.
  ModelPlan plan = resnet({{"depth", 18}}, {3, 32, 32}, 10);
  EXPECT_EQ(plan.parameter_count(), 11173962);
  EXPECT_NEAR(plan.flops().forward / 2e9, 0.556, 0.001);
}

TEST(ResNetTest, FormFollowsTheImageUnlessItIsGiven) {
  EXPECT_EQ(resnet({{"depth", 18}}, {3, 64, 64}, 10).blocks[0].layers[0].out, (Shape{64, 64, 64}));
  EXPECT_EQ(resnet({{"depth", 18}}, {3, 96, 96}, 10).blocks[0].layers.back().out, (Shape{64, 24, 24}));
  EXPECT_EQ(resnet({{"depth", 18}, {"form", "cifar"}}, {3, 96, 96}, 10).blocks[0].layers.back().out,
            (Shape{64, 96, 96}));
}

TEST(ResNetTest, RefusesDepthsThatDoNotExist) {
  try {
    resnet({{"depth", 19}}, {3, 32, 32}, 10);
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_EQ(error.where(), "model.depth");
    EXPECT_NE(error.hint().find("model.stages"), std::string::npos);
  }
}

}  // namespace
}  // namespace hasten
