// cutmix: the box, its area, and that draws belong to the step.
#include "hasten/methods/derived_data/cutmix.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "hasten/base/error.h"
#include "hasten/core/budget.h"
#include "hasten/core/plan_with.h"
#include "hasten/data/transform.h"
#include "hasten/nn/planned_model.h"

namespace hasten {
struct PasteBox {
  int64_t top = 0, bottom = 0, left = 0, right = 0;
  int64_t area() const { return (bottom - top) * (right - left); }
};
PasteBox paste_box(int64_t height, int64_t width, double share, int64_t row, int64_t column);
PasteBox drawn_box(const CutmixParams& params, int64_t height, int64_t width, uint64_t seed, int64_t step);
namespace {

MethodEntry entry() { return {cutmix_spec(), make_cutmix}; }

TEST(CutmixTest, BoxByHand) {
  // A quarter of the area: half of each side.
  PasteBox box = paste_box(12, 8, 0.25, 6, 4);
  EXPECT_EQ(box.top, 3);
  EXPECT_EQ(box.bottom, 9);
  EXPECT_EQ(box.left, 2);
  EXPECT_EQ(box.right, 6);
  EXPECT_EQ(box.area(), 24);
  box = paste_box(12, 8, 0.25, 0, 7);  // what sticks out of the corner is cut off
  EXPECT_EQ(box.top, 0);
  EXPECT_EQ(box.bottom, 3);
  EXPECT_EQ(box.left, 5);
  EXPECT_EQ(box.right, 8);
  EXPECT_EQ(paste_box(12, 8, 0, 6, 4).area(), 0);
  EXPECT_EQ(paste_box(12, 8, 1, 6, 4).area(), 96);
}

TEST(CutmixTest, ChanceOfABatch) {
  int mixed = 0;
  double area = 0;
  for (int64_t step = 0; step < 2000; ++step) {
    mixed += drawn_box({.alpha = 100, .p = 0.25}, 100, 100, 1, step).area() > 0 ? 1 : 0;
    area += static_cast<double>(drawn_box({.alpha = 100, .p = 1}, 100, 100, 1, step).area()) / 2000;
  }
  EXPECT_NEAR(mixed / 2000.0, 0.25, 0.04);  // 4 standard deviations
  // Half of the area before clipping: each side keeps 1 - sqrt(1/2) / 4 of itself in the mean.
  const double kept = 1 - std::sqrt(0.5) / 4;
  EXPECT_NEAR(area / 1e4, 0.5 * kept * kept, 0.02);
}

// Image i is filled with i.
struct Pasted {
  explicit Pasted(const Json& settings) : planned(plan(settings)) {}
  static testing::PlannedMethod plan(const Json& settings) {
    Json all = {{"name", "cutmix"}};
    if (!settings.is_null()) all.update(settings);
    return testing::plan_with(entry(), all);
  }
  Batch batch(int64_t step) const {
    Batch out;
    out.ids.resize(20);
    std::iota(out.ids.begin(), out.ids.end(), 100);
    out.inputs = channels_last(at::arange(20, at::kFloat).reshape({20, 1, 1, 1}).expand({20, 1, 12, 12}));
    out.labels = at::arange(20, at::kLong).remainder(10);
    out.step = step;
    return out;
  }
  Batch apply(int64_t step) {
    Batch out = batch(step);
    chain.apply(out, state);
    return out;
  }
  testing::PlannedMethod planned;
  PlannedModel model{planned.run.plan.model, 1};
  Budget budget{planned.run.plan.run};
  State state{planned.run.plan, budget, 1, {}, model};
  TransformChain chain{planned.run.plan.run, planned.run.engine};
};

TEST(CutmixTest, TargetsFollowTheAreaThatWasPasted) {
  Pasted run(Json{{"alpha", 100.0}});
  const Batch after = run.apply(2);
  const PasteBox box = drawn_box({.alpha = 100}, 12, 12, 1, 2);
  ASSERT_GT(box.area(), 0);
  EXPECT_TRUE(after.inputs.is_contiguous(at::MemoryFormat::ChannelsLast));
  int mixed = 0;
  for (int64_t i = 0; i < 20; ++i) {
    at::Tensor image = after.inputs[i][0];
    const auto partner = image[box.top][box.left].item<int64_t>();
    mixed += partner != i ? 1 : 0;
    at::Tensor expected_image = at::ones({12, 12}).mul(static_cast<double>(i));
    expected_image.slice(0, box.top, box.bottom).slice(1, box.left, box.right).fill_(static_cast<double>(partner));
    EXPECT_TRUE(at::equal(image, expected_image)) << i;
    const double pasted = static_cast<double>(box.area()) / 144;
    at::Tensor expected = at::zeros({10});
    expected[i % 10] += 1 - pasted;
    expected[partner % 10] += pasted;
    EXPECT_TRUE(at::allclose(after.targets[i], expected)) << i;
  }
  EXPECT_GT(mixed, 10);
  EXPECT_TRUE(at::equal(after.labels, run.batch(2).labels));
}

// Others draw anew for every microbatch and every pass.
TEST(CutmixTest, DrawsBelongToTheStep) {
  Pasted run(Json{{"alpha", 100.0}});
  const Batch once = run.apply(2), again = run.apply(2), other = run.apply(3);
  EXPECT_TRUE(at::equal(once.inputs, again.inputs));
  EXPECT_TRUE(at::equal(once.targets, again.targets));
  EXPECT_FALSE(at::equal(once.inputs, other.inputs));
  // What a microbatch of one sample gets is mixed already.
  int soft = 0;
  for (int64_t i = 0; i < 20; ++i) soft += once.slice(i, 1).targets.max().item<double>() < 1 ? 1 : 0;
  EXPECT_GT(soft, 10);
}

TEST(CutmixTest, ABatchThatIsNotMixedKeepsHardTargets) {
  Pasted run(Json{{"p", 0.5}});
  *run.planned.run.engine.scheduled("method.cutmix.p") = 0;
  for (int64_t step = 0; step < 5; ++step) {
    const Batch after = run.apply(step);
    EXPECT_TRUE(at::equal(after.inputs, run.batch(step).inputs));
    EXPECT_FALSE(after.targets.defined());
  }
}

TEST(CutmixTest, Refuses) {
  EXPECT_THROW(Pasted::plan({{"p", 0.0}}), ConfigError);
  EXPECT_THROW(Pasted::plan({{"alpha", 0.0}}), ConfigError);
  Json recipe = testing::method_recipe({{"name", "cutmix"}});
  recipe["batch"]["size"] = 1;
  EXPECT_THROW(testing::plan_recipe_with(entry(), recipe), ConfigError);
}

}  // namespace
}  // namespace hasten
