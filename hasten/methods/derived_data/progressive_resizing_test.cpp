// progressive_resizing: sizes over the run, what becomes of images, what it saves, and whom it refuses.
#include "hasten/methods/derived_data/progressive_resizing.h"

#include <ATen/ops/equal.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include <map>

#include "hasten/base/error.h"
#include "hasten/core/budget.h"
#include "hasten/core/plan_with.h"
#include "hasten/data/transform.h"
#include "hasten/nn/planned_model.h"

namespace hasten {
double resize_scale(const ProgressiveResizingParams& params, double over);
std::map<Shape, double> sizes_over_run(const ProgressiveResizingParams& params, const Shape& full, int64_t steps);
namespace {

MethodEntry entry() { return {progressive_resizing_spec(), make_progressive_resizing}; }

Json recipe_with(const Json& settings, const char* readout = "average") {
  Json all = {{"name", "progressive_resizing"}, {"size_increment", 2}};
  if (!settings.is_null()) all.update(settings);
  Json recipe = testing::method_recipe(all);
  recipe["model"]["readout"] = readout;
  return recipe;
}

TEST(ProgressiveResizingTest, ScaleOverTheBudget) {
  const ProgressiveResizingParams params{.initial_scale = 0.5, .delay = 0.4, .finetune = 0.2};
  EXPECT_EQ(resize_scale(params, 0), 0.5);
  EXPECT_EQ(resize_scale(params, 0.39), 0.5);
  EXPECT_NEAR(resize_scale(params, 0.6), 0.75, 1e-12);
  EXPECT_EQ(resize_scale(params, 0.8), 1);
  EXPECT_EQ(resize_scale(params, 1), 1);
  const ProgressiveResizingParams jump{.initial_scale = 0.5, .delay = 0.5, .finetune = 0.5};  // no time to grow in
  EXPECT_EQ(resize_scale(jump, 0.49), 0.5);
  EXPECT_EQ(resize_scale(jump, 0.5), 1);
}

// Mean of s^2, as calculated by hand from the three pieces of s(t).
TEST(ProgressiveResizingTest, MeanShareOfThePixels) {
  auto mean = [](double initial, double delay) {
    const ProgressiveResizingParams params{
        .initial_scale = initial, .delay = delay, .finetune = 0.2, .size_increment = 1};
    double sum = 0, all = 0;
    for (const auto& [size, share] : sizes_over_run(params, {3, 1000, 1000}, 10000)) {
      sum += share * static_cast<double>(size[1] * size[2]) / 1e6;
      all += share;
    }
    EXPECT_NEAR(all, 1, 1e-9);
    return sum;
  };
  EXPECT_NEAR(mean(0.5, 0.5), 0.500, 1e-3);
  EXPECT_NEAR(mean(0.5, 0.4), 0.533, 1e-3);
  EXPECT_NEAR(mean(0.6, 0.2), 0.664, 1e-3);
}

struct Resized {
  explicit Resized(const Json& settings) : planned(testing::plan_recipe_with(entry(), recipe_with(settings))) {}
  Shape size_at(double fraction, int64_t step = 0) {
    Batch batch = fresh(step);
    state.progress.fraction = fraction;
    chain.apply(batch, state);
    EXPECT_TRUE(batch.inputs.is_contiguous(at::MemoryFormat::ChannelsLast));
    last = batch.inputs;
    return batch.inputs.sizes().vec();
  }
  Batch fresh(int64_t step) const {
    Batch batch;
    batch.ids = {0, 1};
    batch.inputs = images.clone();
    batch.step = step;
    return batch;
  }
  testing::PlannedMethod planned;
  PlannedModel model{planned.run.plan.model, 1};
  Budget budget{planned.run.plan.run};
  State state{planned.run.plan, budget, 1, {}, model};
  TransformChain chain{planned.run.plan.run, planned.run.engine};
  at::Tensor images = channels_last(at::randn({2, 1, 12, 12})), last;
};

TEST(ProgressiveResizingTest, ImagesGrowAndEndAsTheyWere) {
  for (const char* mode : {"bilinear", "nearest", "crop"}) {
    Resized run(Json{{"mode", mode}, {"delay", 0.25}, {"finetune", 0.25}});
    EXPECT_EQ(run.size_at(0), (Shape{2, 1, 6, 6}));
    EXPECT_EQ(run.size_at(0.5), (Shape{2, 1, 10, 10}));  // 9 rounds up
    EXPECT_EQ(run.size_at(0.75), (Shape{2, 1, 12, 12}));
    EXPECT_TRUE(at::equal(run.last, run.images)) << mode;
  }
}

TEST(ProgressiveResizingTest, CropsBelongToTheStep) {
  Resized run(Json{{"mode", "crop"}});
  run.size_at(0, 3);
  at::Tensor first = run.last;
  run.size_at(0, 3);
  EXPECT_TRUE(at::equal(run.last, first));
  bool moved = false;
  for (int64_t step = 4; step < 20; ++step) {
    run.size_at(0, step);
    moved = moved || !at::equal(run.last, first);
  }
  EXPECT_TRUE(moved);
}

TEST(ProgressiveResizingTest, CostIsTheMeanOverTheSizesOfTheSteps) {
  // 40 steps: 20 with 6x6, 20 with 12x12.
  auto planned = testing::plan_recipe_with(entry(), recipe_with({{"delay", 0.5}, {"finetune", 0.5}}));
  const ModelPlan& model = planned.run.plan.model;
  const PassCost full = model.flops(), small = model.with_input({1, 6, 6}).flops();
  CostEstimate estimate = planned.run.engine.estimate_cost(planned.run.plan);
  EXPECT_NEAR(estimate.forward / ((full.forward + small.forward) / 2), 1, 1e-9);
  EXPECT_NEAR(estimate.backward / ((full.backward + small.backward) / 2), 1, 1e-9);
  EXPECT_FALSE(estimate.by_chance);
}

TEST(ProgressiveResizingTest, ABudgetOfWorkHoldsMoreSmallSteps) {
  Json recipe = recipe_with({{"delay", 0.5}, {"finetune", 0.5}});
  recipe["budget"]["train"] = "1e9flop";
  auto planned = testing::plan_recipe_with(entry(), recipe);
  auto whole = [](const PassCost& pass) { return pass.forward + pass.backward; };
  const ModelPlan& model = planned.run.plan.model;
  const double full = whole(model.flops()), small = whole(model.with_input({1, 6, 6}).flops());
  CostEstimate estimate = planned.run.engine.estimate_cost(planned.run.plan);
  EXPECT_NEAR((estimate.forward + estimate.backward) / (2 / (1 / full + 1 / small)), 1, 1e-9);  // the harmonic mean
}

std::string refused_at(const Json& recipe) {
  try {
    testing::plan_recipe_with(entry(), recipe);
    return "";
  } catch (const ConfigError& error) {
    return error.where();
  }
}

TEST(ProgressiveResizingTest, RefusesModelsThatTakeOneSizeOnly) {
  EXPECT_EQ(refused_at(recipe_with({}, "flatten")), "method.progressive_resizing.initial_scale");
  Json deep = recipe_with({{"initial_scale", 0.2}});  // 2x2 halved twice
  EXPECT_EQ(refused_at(deep), "method.progressive_resizing.initial_scale");
  EXPECT_EQ(refused_at(recipe_with({})), "");
}

TEST(ProgressiveResizingTest, RefusesWhatDoesNothing) {
  EXPECT_EQ(refused_at(recipe_with({{"initial_scale", 1.0}})), "method.progressive_resizing.initial_scale");
  EXPECT_EQ(refused_at(recipe_with({{"initial_scale", 0.95}})), "method.progressive_resizing.initial_scale");
  EXPECT_EQ(refused_at(recipe_with({{"delay", 0.6}, {"finetune", 0.5}})), "method.progressive_resizing.delay");
  EXPECT_EQ(refused_at(recipe_with({{"initial_scale", 0}})), "method.progressive_resizing.initial_scale");
  Json flat = recipe_with({});
  flat["budget"]["train"] = "1step";
  EXPECT_EQ(refused_at(flat), "method.progressive_resizing");
}

}  // namespace
}  // namespace hasten
