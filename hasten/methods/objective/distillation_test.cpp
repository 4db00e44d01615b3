// distillation: the loss, whose teacher, and what it costs.
#include "hasten/methods/objective/distillation.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/kl_div.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <cmath>

#include "hasten/base/error.h"
#include "hasten/core/budget.h"
#include "hasten/core/loss_term.h"
#include "hasten/core/plan_with.h"
#include "hasten/core/prelude.h"
#include "hasten/data/batch.h"
#include "hasten/nn/planned_model.h"

namespace hasten {
at::Tensor soft_divergence(const at::Tensor& teacher, const at::Tensor& student, double temperature);
Recipe teacher_recipe(const Recipe& recipe, const DistillationParams& params);
namespace {

MethodEntry entry() { return {distillation_spec(), make_distillation}; }

// Where a setting is refused, or "".
std::string refused_at(const Json& settings) {
  try {
    Json all = {{"name", "distillation"}};
    if (!settings.is_null()) all.update(settings);
    testing::plan_with(entry(), all);
    return "";
  } catch (const ConfigError& error) {
    return error.where();
  }
}

// A planned method whose teacher is a fresh model of another seed.
struct Taught {
  explicit Taught(const Json& settings) : planned(testing::plan_with(entry(), settings)) {
    Recipe recipe = planned.recipe;
    recipe.methods.clear();
    theirs = baseline_plan(recipe);
    finish_plan(theirs);
    teacher = std::make_unique<PlannedModel>(theirs.model, 7);
    teacher->set_training(false);
    State run{theirs, budget, 0, {}, *teacher};
    planned.run.engine.one<Prelude>(0, state, [&](Prelude& part) { part.finished(0, run); });
    batch.ids = {0, 1, 2};
    batch.inputs = at::randn({3, 1, 12, 12});
    batch.labels = at::tensor({3, 0, 9}, at::kLong);
    state.microbatch = &batch;
    state.outputs = student.forward(batch.inputs);
  }
  at::Tensor loss() {
    at::Tensor losses = at::cross_entropy_loss(state.outputs, batch.labels, {}, at::Reduction::None);
    planned.run.engine.each<LossTerm>(state, [&](LossTerm& term) { term.apply(losses, state); });
    return losses;
  }
  testing::PlannedMethod planned;
  Plan theirs;
  std::unique_ptr<PlannedModel> teacher;
  PlannedModel student{planned.run.plan.model, 1};
  Budget budget{planned.run.plan.run};
  State state{planned.run.plan, budget, 1, {}, student};
  Batch batch;
};

TEST(DistillationTest, DivergenceByHand) {
  // Teacher (2/3, 1/3), student (1/2, 1/2): 2/3 log(4/3) + 1/3 log(2/3).
  at::Tensor teacher = at::tensor({std::log(2.0f), 0.0f}).reshape({1, 2}),
             student = at::tensor({0.0f, 0.0f}).reshape({1, 2});
  EXPECT_NEAR(soft_divergence(teacher, student, 1).item<double>(),
              2.0 / 3 * std::log(4.0 / 3) + 1.0 / 3 * std::log(2.0 / 3), 1e-6);
  EXPECT_NEAR(soft_divergence(teacher, teacher, 3).item<double>(), 0, 1e-6);
}

TEST(DistillationTest, DivergenceIsTorchsOwnAtAnyTemperature) {
  at::Tensor teacher = at::randn({5, 10}), student = at::randn({5, 10});
  for (double t : {1.0, 4.0}) {
    at::Tensor expected = at::kl_div(at::log_softmax(student.div(t), 1), at::log_softmax(teacher.div(t), 1),
                                     at::Reduction::None, /*log_target=*/true)
                              .sum(1)
                              .mul(t * t);
    EXPECT_TRUE(at::allclose(soft_divergence(teacher, student, t), expected, 1e-4, 1e-6));
  }
}

TEST(DistillationTest, MixesLabelsAndTeacher) {
  Taught run({{"name", "distillation"}, {"alpha", 0.25}, {"temperature", 3}});
  at::Tensor hard = at::cross_entropy_loss(run.state.outputs, run.batch.labels, {}, at::Reduction::None);
  at::Tensor soft = soft_divergence(run.teacher->forward(run.batch.inputs), run.state.outputs, 3);
  EXPECT_TRUE(at::allclose(run.loss(), hard.mul(0.75).add(soft, 0.25), 1e-5, 1e-6));
}

TEST(DistillationTest, NoGradientReachesTheTeacherAndItsStatisticsStay) {
  Taught run({{"name", "distillation"}, {"alpha", 1.0}});
  run.loss().sum().backward();
  for (const NamedTensor& p : run.student.parameters()) EXPECT_TRUE(p.value.grad().defined()) << p.name;
  at::Tensor once = run.loss(), again = run.loss();
  EXPECT_TRUE(at::equal(once, again));  // in evaluation mode nothing moves
}

TEST(DistillationTest, TheTeacherRestsAfterItsShare) {
  Taught run({{"name", "distillation"}, {"until", 0.5}});
  at::Tensor hard = at::cross_entropy_loss(run.state.outputs, run.batch.labels, {}, at::Reduction::None);
  const uint64_t taught = run.planned.run.engine.work(run.state);
  EXPECT_FALSE(at::equal(run.loss(), hard));
  run.state.progress.fraction = 0.5;
  EXPECT_TRUE(at::equal(run.loss(), hard));
  EXPECT_NE(run.planned.run.engine.work(run.state), taught);
}

TEST(DistillationTest, TheTeachersRecipeIsThisOneWithoutMethods) {
  auto planned = testing::plan_with(entry(), {{"name", "distillation"}});
  DistillationParams params;
  params.teacher_model = "widths=[16, 32], norm=false";
  params.teacher_budget = {0.5, Unit::kFraction};  // of 4 epochs
  Recipe teacher = teacher_recipe(planned.recipe, params);
  EXPECT_TRUE(teacher.methods.empty());
  EXPECT_EQ(teacher.budget, (Duration{2, Unit::kEpoch}));
  EXPECT_EQ(teacher.family_params.get("widths"), Json({16, 32}));
  EXPECT_EQ(teacher.family_params.get("norm"), Json(false));
  EXPECT_EQ(teacher.optimizer.params.get("lr"), Json(0.1));
  params.teacher_budget = {30, Unit::kStep};
  params.teacher_model = "family=\"resnet\", stages=[1, 1]";
  teacher = teacher_recipe(planned.recipe, params);
  EXPECT_EQ(teacher.budget, (Duration{30, Unit::kStep}));
  EXPECT_EQ(teacher.family->name, "resnet");
}

TEST(DistillationTest, CostIsTheTeachersForwardPassesAndItsTraining) {
  auto planned = testing::plan_with(entry(), {{"name", "distillation"}, {"until", 0.5}, {"teacher_budget", "2ep"}});
  const PassCost pass = planned.run.plan.model.flops();
  CostEstimate estimate = planned.run.engine.estimate_cost(planned.run.plan);
  EXPECT_DOUBLE_EQ(estimate.forward, 1.5 * pass.forward);
  EXPECT_DOUBLE_EQ(estimate.backward, pass.backward);
  EXPECT_DOUBLE_EQ(estimate.before, 400 * (pass.forward + pass.backward));  // 2 epochs of 200 samples
}

TEST(DistillationTest, RefusesWhatCannotTeach) {
  EXPECT_EQ(refused_at({{"alpha", 0}}), "method.distillation.alpha");  // neutral
  EXPECT_EQ(refused_at({{"teacher_model", "widths=\"wide\""}}), "method.distillation.teacher_model");
  EXPECT_EQ(refused_at({{"teacher_model", "depth=3"}}), "method.distillation.teacher_model");
  EXPECT_EQ(refused_at({{"teacher", "/nowhere"}, {"teacher_model", "norm=false"}}),
            "method.distillation.teacher_model");
}

TEST(DistillationTest, RefusesATeacherThatAMethodChanged) {
  auto planned = testing::plan_with(entry(), {{"name", "distillation"}});
  PlannedModel student(planned.run.plan.model, 1);
  Budget budget(planned.run.plan.run);
  State state{planned.run.plan, budget, 1, {}, student};
  Plan theirs = planned.run.plan;
  theirs.run.recipe.methods.clear();
  theirs.model.blocks.front().layers.front().name = "other";
  theirs.model.infer();
  PlannedModel teacher(theirs.model, 7);
  State run{theirs, budget, 0, {}, teacher};
  planned.run.engine.one<Prelude>(0, state, [&](Prelude& part) {
    try {
      part.finished(0, run);
      ADD_FAILURE() << "accepted";
    } catch (const ConfigError& error) {
      EXPECT_EQ(error.where(), "method.distillation.teacher");
    }
  });
}

}  // namespace
}  // namespace hasten
