// label_smoothing: the targets, and where they come from.
#include "hasten/methods/objective/label_smoothing.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include "hasten/base/error.h"
#include "hasten/core/budget.h"
#include "hasten/core/plan_with.h"
#include "hasten/data/transform.h"
#include "hasten/nn/planned_model.h"

namespace hasten {
at::Tensor smoothed(const at::Tensor& targets, double amount);
namespace {

MethodEntry entry() { return {label_smoothing_spec(), make_label_smoothing}; }

TEST(LabelSmoothingTest, SpreadsTheAmountOverAllClasses) {
  at::Tensor y = at::tensor({1.0f, 0.0f, 0.0f, 0.0f}).reshape({1, 4});
  EXPECT_TRUE(at::allclose(smoothed(y, 0.2), at::tensor({0.85f, 0.05f, 0.05f, 0.05f}).reshape({1, 4})));
  // Targets that are soft already stay a distribution.
  EXPECT_NEAR(smoothed(at::tensor({0.7f, 0.3f}).reshape({1, 2}), 0.5).sum().item<double>(), 1, 1e-6);
}

TEST(LabelSmoothingTest, OfEveryPlaceOfAText) {
  const at::Tensor places = at::tensor({1.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f}).reshape({1, 3, 2});
  EXPECT_TRUE(at::allclose(smoothed(places, 0.2), at::tensor({0.9f, 0.1f, 0.0f, 0.0f, 0.0f, 0.0f}).reshape({1, 3, 2})));
}

TEST(LabelSmoothingTest, LossIsTorchsOwn) {
  auto planned = testing::plan_with(entry(), {{"name", "label_smoothing"}, {"amount", 0.2}});
  PlannedModel model(planned.run.plan.model, 1);
  Budget budget(planned.run.plan.run);
  State state{planned.run.plan, budget, 1, {}, model};
  Batch batch;
  batch.ids = {0, 1, 2};
  batch.inputs = at::randn({3, 1, 12, 12});
  batch.labels = at::tensor({3, 0, 9}, at::kLong);
  TransformChain(planned.run.plan.run, planned.run.engine).apply(batch, state);
  at::Tensor logits = at::randn({3, 10});
  at::Tensor ours = logits.log_softmax(1).mul(batch.targets).sum(1).neg().mean();
  EXPECT_TRUE(at::allclose(ours, at::cross_entropy_loss(logits, batch.labels, {}, at::Reduction::Mean, -100, 0.2)));
  EXPECT_EQ(batch.labels[0].item<int64_t>(), 3);  // the truth stays for accuracy
}

TEST(LabelSmoothingTest, RefusesItsNeutralSetting) {
  EXPECT_THROW(testing::plan_with(entry(), {{"name", "label_smoothing"}, {"amount", 0.0}}), ConfigError);
}

}  // namespace
}  // namespace hasten
