// dirac_init: hidden convolutions become identities, and nothing else does.
#include "hasten/methods/parameters/dirac_init.h"

#include <gtest/gtest.h>

#include "hasten/base/error.h"
#include "hasten/core/plan_with.h"

namespace hasten {
namespace {

MethodEntry entry() { return {dirac_init_spec(), make_dirac_init}; }

TEST(DiracInitTest, MarksHiddenConvolutions) {
  auto planned = testing::plan_with(entry(), {{"name", "dirac_init"}});
  const ModelPlan& model = planned.run.plan.model;
  EXPECT_EQ(model.blocks[0].layers[0].parameters[0].init.kind, InitKind::kUniformFanIn);  // sees pixels
  EXPECT_EQ(model.blocks[1].layers[0].parameters[0].init.kind, InitKind::kDirac);
}

TEST(DiracInitTest, RefusedWhereNoConvolutionIsHidden) {
  Json recipe = testing::method_recipe({{"name", "dirac_init"}});
  recipe["model"]["widths"] = {8};  // the only one sees pixels
  try {
    testing::plan_recipe_with(entry(), recipe);
    FAIL() << "accepted";
  } catch (const ConfigError& error) {
    EXPECT_STREQ(error.what(),
                 "[method.dirac_init] expected a recipe in which the method changes something, got one in which it "
                 "would do nothing");
  }
}

}  // namespace
}  // namespace hasten
