// whitening_init: the filters whiten, and the plan fits them.
#include "hasten/methods/parameters/whitening_init.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/rand.h>
#include <gtest/gtest.h>

#include "hasten/base/error.h"
#include "hasten/core/budget.h"
#include "hasten/core/plan_with.h"
#include "hasten/data/dataset.h"
#include "hasten/nn/planned_model.h"

namespace hasten {
at::Tensor whitening_filters(const at::Tensor& images, int64_t kernel, double epsilon);
namespace {

using testing::plan_with;

MethodEntry entry() { return {whitening_init_spec(), make_whitening_init}; }

TEST(WhiteningInitTest, OutputsOfTheFiltersAreUncorrelatedWithUnitVariance) {
  // Smooth images: neighbouring pixels are strongly correlated, as in photographs.
  at::Tensor images = at::rand({64, 3, 10, 10}).cumsum(3).cumsum(2);
  at::Tensor filters = whitening_filters(images, 2, 1e-9);
  ASSERT_EQ(filters.sizes(), (std::vector<int64_t>{24, 3, 2, 2}));
  at::Tensor out = at::conv2d(images, filters.slice(0, 0, 12)).permute({0, 2, 3, 1}).reshape({-1, 12}).to(at::kDouble);
  out = out.sub(out.mean(0, true));
  at::Tensor covariance = out.t().mm(out).div(static_cast<double>(out.size(0)));
  EXPECT_TRUE(at::allclose(covariance, at::eye(12, at::kDouble), 0.02, 0.02));
  EXPECT_TRUE(at::allclose(filters.slice(0, 12), filters.slice(0, 0, 12).neg()));
}

TEST(WhiteningInitTest, EpsilonDampsWhatIsHardlyThere) {
  at::Tensor images =
      at::rand({16, 1, 8, 8}).mul(0).add(at::rand({16, 1, 1, 1}));  // constant images: one direction only
  EXPECT_LT(whitening_filters(images, 2, 1e-2).abs().max().item<double>(), 50);
}

TEST(WhiteningInitTest, PutsAFrozenStemBeforeTheFirstGroup) {
  auto planned = plan_with(entry(), {{"name", "whitening_init"}, {"kernel", 2}});
  const ModelPlan& model = planned.run.plan.model;
  ASSERT_EQ(model.blocks[0].name, "stem");
  EXPECT_EQ(model.blocks[0].layers[0].out, (Shape{8, 11, 11}));
  EXPECT_FALSE(model.blocks[0].layers[0].parameters[0].trainable);
  EXPECT_TRUE(model.blocks[0].layers[0].parameters[1].trainable);
  EXPECT_EQ(model.blocks[1].part, Part::kBody);
}

TEST(WhiteningInitTest, FillsTheStemFromTheData) {
  auto planned = plan_with(entry(), {{"name", "whitening_init"}, {"samples", 50}});
  Splits splits = load_splits(planned.recipe);
  PlannedModel model(planned.run.plan.model, 1);
  Budget budget(planned.run.plan.run);
  State state{planned.run.plan, budget, 1, {}, model, nullptr, &splits.train};
  at::Tensor before = model.parameter("stem.conv.weight").clone();
  planned.run.engine.fire(Event::kInitialize, state);
  EXPECT_FALSE(at::allclose(before, model.parameter("stem.conv.weight")));
}

TEST(WhiteningInitTest, RefusesOtherFamilies) {
  Json recipe = testing::method_recipe({{"name", "whitening_init"}});
  recipe["model"] = {{"family", "mlp"}};
  EXPECT_THROW(testing::plan_recipe_with(entry(), recipe), ConfigError);
}

}  // namespace
}  // namespace hasten
