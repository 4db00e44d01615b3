// zero_init: which weights start at zero.
#include "hasten/methods/parameters/zero_init.h"

#include <gtest/gtest.h>

#include "hasten/base/error.h"
#include "hasten/core/plan_with.h"
#include "hasten/core/text_plan_with.h"

namespace hasten {
namespace {

MethodEntry entry() { return {zero_init_spec(), make_zero_init}; }

Init init_of(const testing::PlannedMethod& planned, const std::string& name) {
  for (const PlacedParameter& parameter : planned.run.plan.model.parameters()) {
    if (parameter.name == name) return parameter.plan->init;
  }
  ADD_FAILURE() << "no parameter " << name;
  return {};
}

TEST(ZeroInitTest, LastMatricesOfATransformersBranches) {
  const auto planned =
      testing::plan_recipe_with(entry(), testing::text_recipe({{"name", "zero_init"}}, {{"tied", false}}));
  for (const char* name : {"attention1.attention.output_weight", "network3.output.weight", "head.linear.weight"})
    EXPECT_EQ(init_of(planned, name), Init{}) << name;
  for (const char* name : {"attention1.attention.query_weight", "network3.expand.weight", "stem.embedding.weight"})
    EXPECT_EQ(init_of(planned, name).kind, InitKind::kNormal) << name;
}

TEST(ZeroInitTest, TheEmbeddingIsNoOutputLayerOfItsOwn) {
  const auto tied = testing::plan_recipe_with(entry(), testing::text_recipe({{"name", "zero_init"}}));
  EXPECT_EQ(init_of(tied, "stem.embedding.weight").kind, InitKind::kNormal);
  const auto kept = testing::plan_recipe_with(
      entry(), testing::text_recipe({{"name", "zero_init"}, {"output", false}}, {{"tied", false}}));
  EXPECT_EQ(init_of(kept, "head.linear.weight").kind, InitKind::kNormal);
}

TEST(ZeroInitTest, GainsOfTheLastNormsOfAResidualNetwork) {
  Json recipe = testing::method_recipe({{"name", "zero_init"}});
  recipe["model"] = {{"family", "resnet"}, {"stages", {1, 1}}, {"width", 8}};
  const auto planned = testing::plan_recipe_with(entry(), recipe);
  EXPECT_EQ(init_of(planned, "stage1_block1.norm2.weight"), Init{});
  EXPECT_EQ(init_of(planned, "stage1_block1.norm1.weight").kind, InitKind::kOnes);
  EXPECT_EQ(init_of(planned, "stage2_block1.shortcut_norm.weight").kind, InitKind::kOnes);
  EXPECT_EQ(init_of(planned, "head.linear.weight"), Init{});
}

TEST(ZeroInitTest, RefusedWithoutResidualBlocks) {
  EXPECT_EQ(testing::refused_at(entry(), testing::method_recipe({{"name", "zero_init"}})), "method.zero_init");
}

}  // namespace
}  // namespace hasten
