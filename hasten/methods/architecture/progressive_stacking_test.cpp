// progressive_stacking: rows of equal blocks, and the plan at each depth.
#include "hasten/methods/architecture/progressive_stacking.h"

#include <gtest/gtest.h>

#include "hasten/base/error.h"
#include "hasten/core/budget.h"
#include "hasten/core/plan_with.h"
#include "hasten/nn/planned_model.h"

namespace hasten {
struct BlockRow {
  size_t first = 0, count = 0;
};
std::vector<BlockRow> equal_rows(const ModelPlan& plan);
size_t rows_kept(size_t count, int64_t doublings_left);
namespace {

MethodEntry entry() { return {progressive_stacking_spec(), make_progressive_stacking}; }

Json resnet_with(const Json& settings, const Json& stages) {
  Json all = {{"name", "progressive_stacking"}};
  if (!settings.is_null()) all.update(settings);
  Json recipe = testing::method_recipe(all);
  recipe["model"] = {{"family", "resnet"}, {"stages", stages}, {"width", 4}};
  return recipe;
}

std::vector<std::string> names(const ModelPlan& plan) {
  std::vector<std::string> all;
  for (const Block& block : plan.blocks) all.push_back(block.name);
  return all;
}

TEST(ProgressiveStackingTest, RowsOfEqualBlocks) {
  auto planned = testing::plan_recipe_with(entry(), resnet_with({}, {3, 4}));
  // stem, 3 equal; the first of stage 2 halves the image and stands alone, 3 equal; head.
  std::vector<BlockRow> rows = equal_rows(planned.run.baseline.model);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].first, 1u);
  EXPECT_EQ(rows[0].count, 3u);
  EXPECT_EQ(rows[1].first, 5u);
  EXPECT_EQ(rows[1].count, 3u);
}

TEST(ProgressiveStackingTest, EachDoublingAtMostDoubles) {
  EXPECT_EQ(rows_kept(8, 0), 8u);
  EXPECT_EQ(rows_kept(8, 2), 2u);
  EXPECT_EQ(rows_kept(7, 1), 4u);
  EXPECT_EQ(rows_kept(7, 2), 2u);
  for (size_t count = 2; count < 40; ++count) {
    for (int64_t left = 1; left < 6; ++left) {
      EXPECT_LE(rows_kept(count, left - 1), 2 * rows_kept(count, left));
      EXPECT_GE(rows_kept(count, left), 1u);
    }
  }
}

TEST(ProgressiveStackingTest, StartsShallowAndGrowsByCopies) {
  auto planned = testing::plan_recipe_with(entry(), resnet_with({{"doublings", 2}, {"until", 0.5}}, {5}));
  Engine& engine = planned.run.engine;
  EXPECT_EQ(names(planned.run.plan.model),
            (std::vector<std::string>{"stem", "stage1_block1", "stage1_block2", "head"}));
  PlannedModel model(planned.run.plan.model, 1);
  Budget budget(planned.run.plan.run);
  State state{planned.run.plan, budget, 1, {}, model};
  state.progress.fraction = 0.24;
  EXPECT_FALSE(engine.replan(state).has_value());
  state.progress.fraction = 0.25;
  auto change = engine.replan(state);
  ASSERT_TRUE(change.has_value());
  EXPECT_EQ(change->blocks, (std::map<std::string, std::string>{{"stage1_block3", "stage1_block1"}}));  // 2 -> 3
  EXPECT_EQ(plan_again(planned.run, engine).model.blocks.size(), 5u);
  EXPECT_FALSE(engine.replan(state).has_value());
  state.progress.fraction = 0.5;
  change = engine.replan(state);
  ASSERT_TRUE(change.has_value());
  EXPECT_EQ(change->blocks, (std::map<std::string, std::string>{{"stage1_block4", "stage1_block1"},
                                                                {"stage1_block5", "stage1_block2"}}));
  EXPECT_EQ(plan_again(planned.run, engine).model.to_json(), planned.run.baseline.model.to_json());
  state.progress.fraction = 1;
  EXPECT_FALSE(engine.replan(state).has_value());
}

TEST(ProgressiveStackingTest, CostIsTheMeanOverDepths) {
  auto planned = testing::plan_recipe_with(entry(), resnet_with({{"until", 0.4}}, {4}));
  const double shallow = planned.run.plan.model.flops().forward, full = planned.run.baseline.model.flops().forward;
  EXPECT_NEAR(planned.run.engine.estimate_cost(planned.run.plan).forward / (0.4 * shallow + 0.6 * full), 1, 1e-9);
}

TEST(ProgressiveStackingTest, RefusesWhatCannotGrow) {
  auto refused_at = [](const Json& settings, const Json& stages) -> std::string {
    try {
      testing::plan_recipe_with(entry(), resnet_with(settings, stages));
      return "";
    } catch (const ConfigError& error) {
      return error.where();
    }
  };
  EXPECT_EQ(refused_at({}, {1, 2}), "method.progressive_stacking");  // no two equal blocks
  EXPECT_EQ(refused_at({{"doublings", 2}}, {2}), "method.progressive_stacking.doublings");
  EXPECT_EQ(refused_at({{"doublings", 2}}, {3}), "");
  EXPECT_EQ(refused_at({{"until", 1.0}}, {3}), "method.progressive_stacking.until");
}

}  // namespace
}  // namespace hasten
