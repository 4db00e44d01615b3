// mixup: the share, the blend, and that draws belong to the step.
#include "hasten/methods/derived_data/mixup.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <numeric>

#include "hasten/base/error.h"
#include "hasten/core/budget.h"
#include "hasten/core/plan_with.h"
#include "hasten/data/transform.h"
#include "hasten/nn/planned_model.h"

namespace hasten {
double mixup_share(double alpha, uint64_t seed, int64_t step);
at::Tensor blended(const at::Tensor& values, const at::Tensor& partners, double share);
namespace {

MethodEntry entry() { return {mixup_spec(), make_mixup}; }

TEST(MixupTest, BlendByHand) {
  at::Tensor x = at::tensor({0.0f, 10.0f, 20.0f}), partners = at::tensor({2, 1, 0}, at::kLong);
  EXPECT_TRUE(at::allclose(blended(x, partners, 0.75), at::tensor({5.0f, 10.0f, 15.0f})));
}

TEST(MixupTest, ShareIsTheLargerSideOfItsBetaDistribution) {
  // Beta(1, 1) is uniform: max(b, 1 - b) has mean 3/4. Small alpha mixes little, large alpha by halves.
  double uniform = 0, little = 0, halves = 0;
  for (int64_t step = 0; step < 4000; ++step) {
    const double share = mixup_share(1, 1, step);
    EXPECT_GE(share, 0.5);
    EXPECT_LE(share, 1);
    uniform += share / 4000;
    little += mixup_share(0.01, 1, step) / 4000;
    halves += mixup_share(100, 1, step) / 4000;
  }
  EXPECT_NEAR(uniform, 0.75, 0.01);  // 4 standard deviations
  EXPECT_GT(little, 0.98);
  EXPECT_LT(halves, 0.55);
  EXPECT_EQ(mixup_share(1, 1, 5), mixup_share(1, 1, 5));
  EXPECT_NE(mixup_share(1, 1, 5), mixup_share(1, 2, 5));
}

struct Mixed {
  explicit Mixed(double alpha) : planned(testing::plan_with(entry(), {{"name", "mixup"}, {"alpha", alpha}})) {}
  Batch batch(int64_t step) const {
    Batch out;
    out.ids.resize(20);
    std::iota(out.ids.begin(), out.ids.end(), 100);
    out.inputs = images.clone();
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
  at::Tensor images = channels_last(at::randn({20, 1, 12, 12}));
};

TEST(MixupTest, InputsAndTargetsAreMixedAlike) {
  Mixed run(1);
  const Batch before = run.batch(4), after = run.apply(4);
  EXPECT_TRUE(after.inputs.is_contiguous(at::MemoryFormat::ChannelsLast));
  EXPECT_TRUE(at::equal(after.labels, before.labels));  // the truth stays for accuracy
  EXPECT_TRUE(at::allclose(after.targets.sum(1), at::ones({20})));
  // Whose image was mixed in is found from the image: its label has the rest of the target.
  const double share = mixup_share(1, 1, 4);
  int mixed = 0;
  for (int64_t i = 0; i < 20; ++i) {
    at::Tensor rest = after.inputs[i].sub(before.inputs[i], share).div(1 - share);
    int64_t partner = -1;
    for (int64_t j = 0; j < 20; ++j) partner = at::allclose(rest, before.inputs[j], 1e-3, 1e-3) ? j : partner;
    ASSERT_GE(partner, 0) << i;
    mixed += partner != i ? 1 : 0;
    at::Tensor expected = at::zeros({10});
    expected[i % 10] += share;
    expected[partner % 10] += 1 - share;
    EXPECT_TRUE(at::allclose(after.targets[i], expected)) << i;
  }
  EXPECT_GT(mixed, 10);
}

// Others draw anew for every microbatch and every pass: alone in its microbatch nothing is mixed, and the second gradient
// of a step is that of another batch.
TEST(MixupTest, DrawsBelongToTheStep) {
  Mixed run(1);
  const Batch once = run.apply(4), again = run.apply(4), other = run.apply(5);
  EXPECT_TRUE(at::equal(once.inputs, again.inputs));
  EXPECT_TRUE(at::equal(once.targets, again.targets));
  EXPECT_FALSE(at::equal(once.inputs, other.inputs));
  // What a microbatch of one sample gets is mixed already.
  int soft = 0;
  for (int64_t i = 0; i < 20; ++i) soft += once.slice(i, 1).targets.max().item<double>() < 1 ? 1 : 0;
  EXPECT_GT(soft, 10);
}

TEST(MixupTest, AScheduleMayBeginAtNothing) {
  Mixed run(0.5);
  *run.planned.run.engine.scheduled("method.mixup.alpha") = 0;
  const Batch after = run.apply(4);
  EXPECT_TRUE(at::equal(after.inputs, run.images));
  EXPECT_FALSE(after.targets.defined());
}

TEST(MixupTest, Refuses) {
  EXPECT_THROW(Mixed(0), ConfigError);
  EXPECT_THROW(Mixed(-1), ConfigError);
  Json recipe = testing::method_recipe({{"name", "mixup"}});
  recipe["batch"]["size"] = 1;
  EXPECT_THROW(testing::plan_recipe_with(entry(), recipe), ConfigError);
}

}  // namespace
}  // namespace hasten
