// sam: the step up, and where the gradient is taken.
#include "hasten/methods/algorithm/sam.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include "hasten/base/error.h"
#include "hasten/core/budget.h"
#include "hasten/core/forward_backward.h"
#include "hasten/core/plan_with.h"
#include "hasten/nn/extra_pass.h"
#include "hasten/nn/planned_model.h"

namespace hasten {
std::vector<at::Tensor> step_up(const std::vector<at::Tensor>& weights, const std::vector<at::Tensor>& gradients,
                                double rho, bool adaptive);
namespace {

MethodEntry entry() { return {sam_spec(), make_sam}; }

TEST(SamTest, StepsUpAlongTheGradientOfAllTensorsTogether) {
  // |g| over both tensors is 5.
  std::vector<at::Tensor> step = step_up({at::tensor({1.0f}), at::tensor({1.0f, 1.0f})},
                                         {at::tensor({3.0f}), at::tensor({0.0f, 4.0f})}, 0.5, false);
  EXPECT_TRUE(at::allclose(step[0], at::tensor({0.3f})));
  EXPECT_TRUE(at::allclose(step[1], at::tensor({0.0f, 0.4f})));
}

TEST(SamTest, AdaptiveStepsScaleWithTheWeights) {
  // w g = (6, 8) of norm 10; rho w^2 g / 10 = 0.5 (4 * 3, 1 * 8) / 10, whatever the sign of w.
  std::vector<at::Tensor> step = step_up({at::tensor({-2.0f, 1.0f})}, {at::tensor({3.0f, 8.0f})}, 0.5, true);
  EXPECT_TRUE(at::allclose(step[0], at::tensor({0.6f, 0.4f})));
}

TEST(SamTest, AZeroGradientStaysWhereItIs) {
  EXPECT_EQ(step_up({at::tensor({1.0f})}, {at::tensor({0.0f})}, 0.5, false)[0].item<double>(), 0);
}

constexpr const char* kWeight = "head.linear.bias";

// Gradient 2 w at every weight, and a log of where passes happened and what they drew.
class Quadratic final : public GradientPass {
 public:
  explicit Quadratic(Model& model) : model_(model) {}
  at::Tensor run(bool extra) override {
    extras.push_back(extra);
    places.push_back(model_.parameter(kWeight)[0].item<double>());
    const at::Tensor random = random_state();
    draws.push_back(at::rand({1}).item<double>());
    if (extra) set_random_state(random);  // as extra passes do
    for (const NamedTensor& p : model_.parameters()) p.value.mutable_grad() = p.value.detach().mul(2);
    return at::tensor(static_cast<float>(places.back()));
  }
  std::vector<bool> extras;
  std::vector<double> places;
  std::vector<double> draws;

 private:
  Model& model_;
};

TEST(SamTest, TakesTheGradientThereAndComesBackExactly) {
  auto planned = testing::plan_with(entry(), {{"name", "sam"}, {"rho", 0.5}, {"interval", 2}});
  PlannedModel model(planned.run.plan.model, 1);
  Budget budget(planned.run.plan.run);
  State state{planned.run.plan, budget, 1, {}, model};
  for (const NamedTensor& p : model.parameters()) p.value.detach().fill_(0);
  at::Tensor weight = model.parameter(kWeight).detach();
  weight[0] = 0.1f;  // the only gradient: 0.2, so the step is rho
  Quadratic pass(model);
  at::Tensor loss;
  auto compute = [&] {
    planned.run.engine.each<ForwardBackward>(state, [&](ForwardBackward& part) { loss = part.compute(state, pass); });
  };
  compute();
  EXPECT_EQ(pass.extras, (std::vector<bool>{false, true}));
  EXPECT_NEAR(pass.places[1], 0.6, 1e-6);
  EXPECT_EQ(pass.draws[0], pass.draws[1]);  // the same dropout masks
  EXPECT_EQ(weight[0].item<float>(), 0.1f);
  EXPECT_NEAR(model.parameter(kWeight).grad()[0].item<double>(), 1.2, 1e-6);
  EXPECT_NEAR(loss.item<double>(), 0.1, 1e-6);  // the recorded loss is that of the weights themselves

  state.progress.step = 1;  // between intervals: one plain pass
  const uint64_t plain = planned.run.engine.work(state);
  compute();
  EXPECT_EQ(pass.extras.size(), 3u);
  EXPECT_NE(pass.draws[2], pass.draws[0]);  // the generator went on by one pass
  state.progress.step = 2;
  EXPECT_NE(planned.run.engine.work(state), plain);
}

TEST(SamTest, CostCountsTheSecondPass) {
  auto planned = testing::plan_with(entry(), {{"name", "sam"}, {"interval", 4}});
  const PassCost pass = planned.run.plan.model.flops();
  EXPECT_DOUBLE_EQ(planned.run.engine.estimate_cost(planned.run.plan).forward, 1.25 * pass.forward);
}

TEST(SamTest, Refuses) {
  EXPECT_THROW(testing::plan_with(entry(), {{"name", "sam"}, {"rho", 0.0}}), ConfigError);
  EXPECT_THROW(testing::plan_with(entry(), {{"name", "sam"}, {"interval", 0}}), ConfigError);
}

}  // namespace
}  // namespace hasten
