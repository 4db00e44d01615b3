// low_resolution_training: small images to the end.
#include "hasten/methods/derived_data/low_resolution_training.h"

#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include "hasten/base/error.h"
#include "hasten/core/budget.h"
#include "hasten/core/plan_with.h"
#include "hasten/core/text_plan_with.h"
#include "hasten/data/batch.h"
#include "hasten/data/transform.h"
#include "hasten/nn/planned_model.h"

namespace hasten {
namespace {

MethodEntry entry() { return {low_resolution_training_spec(), make_low_resolution_training}; }

Json recipe_with(const Json& settings, const char* readout = "average") {
  Json all = {{"name", "low_resolution_training"}, {"scale", 0.5}, {"size_increment", 2}};
  all.update(settings);
  Json recipe = testing::method_recipe(all);
  recipe["model"]["readout"] = readout;
  return recipe;
}

TEST(LowResolutionTrainingTest, ImagesOfTrainingAreSmall) {
  auto planned = testing::plan_recipe_with(entry(), recipe_with(Json::object()));
  PlannedModel model(planned.run.plan.model, 1);
  const Budget budget(planned.run.plan.run);
  State state{planned.run.plan, budget, 1, {}, model};
  TransformChain chain(planned.run.plan.run, planned.run.engine);
  for (const double over : {0.0, 0.99}) {
    Batch batch;
    batch.ids = {0, 1};
    batch.inputs = channels_last(at::randn({2, 1, 12, 12}));
    state.progress.fraction = over;
    chain.apply(batch, state);
    EXPECT_EQ(batch.inputs.sizes(), (c10::IntArrayRef{2, 1, 6, 6})) << over;
  }
}

TEST(LowResolutionTrainingTest, CostIsThatOfSmallImages) {
  const auto planned = testing::plan_recipe_with(entry(), recipe_with(Json::object()));
  const ModelPlan& model = planned.run.plan.model;
  EXPECT_NEAR(planned.run.engine.estimate_cost(planned.run.plan).forward / model.with_input({1, 6, 6}).flops().forward,
              1, 1e-9);
}

TEST(LowResolutionTrainingTest, RefusesWhatDoesNothingOrDoesNotFit) {
  const char* scale = "method.low_resolution_training.scale";
  EXPECT_EQ(testing::refused_at(entry(), recipe_with({{"scale", 0.97}})), scale);
  EXPECT_EQ(testing::refused_at(entry(), recipe_with(Json::object(), "flatten")), scale);
  EXPECT_EQ(testing::refused_at(entry(), recipe_with({{"scale", 0.2}})), scale);  // 2x2 halved twice
}

}  // namespace
}  // namespace hasten
