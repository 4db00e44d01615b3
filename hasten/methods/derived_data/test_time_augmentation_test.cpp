// test_time_augmentation: the views, their weights, and what is averaged.
#include "hasten/methods/derived_data/test_time_augmentation.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "hasten/base/error.h"
#include "hasten/core/budget.h"
#include "hasten/core/plan_with.h"
#include "hasten/data/batch.h"
#include "hasten/nn/planned_model.h"
#include "hasten/nn/prediction.h"

namespace hasten {
struct TestView {
  int64_t shift = 0;
  bool mirrored = false;
  double weight = 1;
};
std::vector<TestView> prediction_views(const TestTimeAugmentationParams& params);
at::Tensor seen_as(const at::Tensor& images, const TestView& view);
at::Tensor average_views(const std::vector<at::Tensor>& parts, const std::vector<TestView>& views, ViewAverage average);
namespace {

MethodEntry entry() { return {test_time_augmentation_spec(), make_test_time_augmentation}; }

TEST(TestTimeAugmentationTest, ViewsAndTheirWeights) {
  auto weights = [](bool flip, int64_t translate) {
    std::vector<double> list;
    for (const TestView& view : prediction_views({flip, translate})) list.push_back(view.weight);
    return list;
  };
  EXPECT_EQ(weights(true, 1), (std::vector<double>{0.25, 0.25, 0.125, 0.125, 0.125, 0.125}));
  EXPECT_EQ(weights(true, 0), (std::vector<double>{0.5, 0.5}));
  EXPECT_EQ(weights(false, 2), (std::vector<double>{0.5, 0.25, 0.25}));
}

TEST(TestTimeAugmentationTest, ShiftsReflectAtTheBorder) {
  // 0 1 2
  // 3 4 5
  // 6 7 8
  at::Tensor image = at::arange(9, at::kFloat).reshape({1, 1, 3, 3});
  auto seen = [&](int64_t shift, bool mirrored) { return seen_as(image, {shift, mirrored, 1})[0][0]; };
  auto expected = [](std::vector<float> v) { return at::tensor(v).reshape({3, 3}); };
  EXPECT_TRUE(at::equal(seen(1, false), expected({4, 3, 4, 1, 0, 1, 4, 3, 4})));
  EXPECT_TRUE(at::equal(seen(-1, false), expected({4, 5, 4, 7, 8, 7, 4, 5, 4})));
  EXPECT_TRUE(at::equal(seen(-1, true), expected({4, 5, 4, 7, 8, 7, 4, 5, 4}).flip({1})));
  EXPECT_TRUE(at::equal(seen(0, true), expected({2, 1, 0, 5, 4, 3, 8, 7, 6})));
}

TEST(TestTimeAugmentationTest, AveragesLogitsOrProbabilities) {
  const std::vector<TestView> views = prediction_views({.flip = false, .translate = 1});
  std::vector<at::Tensor> parts{at::randn({4, 5}), at::randn({4, 5}), at::randn({4, 5})};
  EXPECT_TRUE(at::allclose(average_views(parts, views, ViewAverage::kLogits),
                           parts[0].mul(0.5).add(parts[1], 0.25).add(parts[2], 0.25), 1e-5, 1e-6));
  at::Tensor mean = parts[0].softmax(1).mul(0.5).add(parts[1].softmax(1), 0.25).add(parts[2].softmax(1), 0.25);
  at::Tensor logits = average_views(parts, views, ViewAverage::kProbabilities);
  EXPECT_TRUE(at::allclose(logits.softmax(1), mean, 1e-5, 1e-6));
  // A probability that no float holds still has a logarithm.
  std::vector<at::Tensor> sure(3, at::tensor({0.0f, 200.0f}).reshape({1, 2}));
  EXPECT_NEAR(average_views(sure, views, ViewAverage::kProbabilities)[0][0].item<double>(), -200, 1e-3);
}

TEST(TestTimeAugmentationTest, PredictsFromTheModelsViews) {
  auto planned = testing::plan_with(entry(), {{"name", "test_time_augmentation"}});
  PlannedModel model(planned.run.plan.model, 1);
  Budget budget(planned.run.plan.run);
  State state{planned.run.plan, budget, 1, {}, model};
  model.set_training(false);
  at::Tensor images = channels_last(at::randn({3, 1, 12, 12})), predicted;
  int passes = 0;
  auto forward = [&](const at::Tensor& x) {
    ++passes;
    return model.forward(x);
  };
  planned.run.engine.each<Prediction>(state, [&](Prediction& part) {
    predicted = part.predict(images, forward);
    EXPECT_EQ(part.label(), "tta");
  });
  EXPECT_EQ(passes, 6);
  // A mirrored image has the same views.
  EXPECT_FALSE(at::allclose(model.forward(images), model.forward(images.flip({3}))));
  const auto pair = prediction_views({.flip = true, .translate = 0});
  std::vector<at::Tensor> parts, mirrored;
  for (const TestView& view : pair) {
    parts.push_back(model.forward(seen_as(images, view)));
    mirrored.push_back(model.forward(seen_as(images.flip({3}), view)));
  }
  EXPECT_TRUE(at::allclose(average_views(parts, pair, ViewAverage::kLogits),
                           average_views(mirrored, pair, ViewAverage::kLogits), 1e-4, 1e-5));
  at::Tensor by_hand = at::zeros({3, 10});
  for (const TestView& view : prediction_views({})) by_hand.add_(model.forward(seen_as(images, view)), view.weight);
  EXPECT_TRUE(at::allclose(predicted, by_hand, 1e-4, 1e-5));
}

TEST(TestTimeAugmentationTest, Refuses) {
  auto refused_at = [](const Json& settings) {
    Json all = {{"name", "test_time_augmentation"}};
    if (!settings.is_null()) all.update(settings);
    try {
      testing::plan_with(entry(), all);
      return std::string();
    } catch (const ConfigError& error) {
      return error.where();
    }
  };
  EXPECT_EQ(refused_at({{"flip", false}, {"translate", 0}}), "method.test_time_augmentation.translate");
  EXPECT_EQ(refused_at({{"translate", 12}}), "method.test_time_augmentation.translate");
  EXPECT_EQ(refused_at({{"translate", -1}}), "method.test_time_augmentation.translate");
  EXPECT_EQ(refused_at({{"flip", false}, {"translate", 11}}), "");
}

}  // namespace
}  // namespace hasten
