// activation_checkpointing: equal gradients, less kept, and which blocks.
#include "hasten/methods/derivatives/activation_checkpointing.h"

#include <ATen/ops/equal.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include "hasten/base/error.h"
#include "hasten/core/budget.h"
#include "hasten/core/plan_with.h"
#include "hasten/nn/autocast.h"
#include "hasten/nn/extra_pass.h"
#include "hasten/nn/planned_model.h"

namespace hasten {
at::Tensor checkpointed(const BlockFunction& inner, const at::Tensor& x, const PassMode& mode);
bool is_checkpointed(const ActivationCheckpointingParams& params, const ModelPlan& plan, size_t index);
namespace {

MethodEntry entry() { return {activation_checkpointing_spec(), make_activation_checkpointing}; }

testing::PlannedMethod planned_with(const Json& model, Json settings = Json::object()) {
  settings["name"] = "activation_checkpointing";
  Json recipe = testing::method_recipe(settings);
  recipe["model"] = model;
  return testing::plan_recipe_with(entry(), recipe);
}

struct PassResult {
  std::vector<at::Tensor> tensors;  // output, gradients and buffers
  at::Tensor random;
};

// Two passes that add up their gradients, as for two microbatches.
PassResult pass(PlannedModel& model, const at::Tensor& images, Compute compute) {
  at::Generator generator = at::globalContext().defaultGenerator(at::kCPU);
  generator.set_current_seed(7);
  PassResult result;
  for (int part = 0; part < 2; ++part) {
    at::Tensor loss;
    {
      PrecisionScope precision(compute);
      at::Tensor out = model.forward(images);
      result.tensors.push_back(out.detach());
      loss = out.to(at::kFloat).square().sum();
    }
    loss.backward();
  }
  for (const NamedTensor& p : model.parameters()) result.tensors.push_back(p.value.grad());
  for (const NamedTensor& b : model.buffers()) result.tensors.push_back(b.value);
  result.random = random_state();
  return result;
}

void expect_equal_passes(const Json& model_settings, Compute compute) {
  auto planned = planned_with(model_settings);
  const Plan& plan = planned.run.plan;
  Budget budget(plan.run);
  PlannedModel plain(plan.model, 1);
  State state{plan, budget, 1, {}, plain};
  PlannedModel wrapped(plan.model, 1, {&planned.run.engine, &state});
  at::Tensor images = at::randn({6, 1, 12, 12}).contiguous(at::MemoryFormat::ChannelsLast);
  PassResult a = pass(plain, images, compute), b = pass(wrapped, images, compute);
  ASSERT_EQ(a.tensors.size(), b.tensors.size());
  for (size_t i = 0; i < a.tensors.size(); ++i) EXPECT_TRUE(at::equal(a.tensors[i], b.tensors[i])) << i;
  EXPECT_TRUE(at::equal(a.random, b.random));
}

const Json kConvNet = {
    {"family", "convnet"}, {"widths", {8, 8}}, {"norm", true}, {"dropout", 0.3}, {"readout", "average"}};

TEST(ActivationCheckpointingTest, GradientsStatisticsAndRandomStateAreThoseOfThePlainPassBitForBit) {
  expect_equal_passes(kConvNet, Compute::kFp32);
  expect_equal_passes({{"family", "resnet"}, {"stages", {1, 1}}, {"width", 8}}, Compute::kFp32);
  expect_equal_passes({{"family", "mlp"}, {"widths", {16, 16}}, {"norm", true}, {"dropout", 0.4}}, Compute::kFp32);
}

TEST(ActivationCheckpointingTest, RecomputesInTheSameNumberFormat) { expect_equal_passes(kConvNet, Compute::kBf16); }

// Between the passes, what the block computed is not alive.
TEST(ActivationCheckpointingTest, KeepsTheInputOnly) {
  c10::weak_intrusive_ptr<c10::TensorImpl> kept(c10::intrusive_ptr<c10::TensorImpl>{});
  int runs = 0;
  BlockFunction block = [&](const at::Tensor& x, const PassMode& mode) {
    ++runs;
    EXPECT_EQ(mode.statistics, runs == 1 ? Statistics::kUpdate : Statistics::kKeep);
    at::Tensor inside = x.mul(2);  // what follows needs it for its gradient
    kept = c10::weak_intrusive_ptr<c10::TensorImpl>(inside.getIntrusivePtr());
    return inside.square();
  };
  at::Tensor x = at::randn({5}).requires_grad_();
  at::Tensor plain = block(x, {});
  EXPECT_FALSE(kept.expired());
  runs = 0;
  at::Tensor y = checkpointed(block, x, {});
  EXPECT_TRUE(kept.expired());
  y.sum().backward();
  EXPECT_EQ(runs, 2);
  EXPECT_TRUE(at::equal(x.grad(), x.detach().mul(8)));
}

// The first block's input is data: computing its gradient would cost what the plain pass does not.
TEST(ActivationCheckpointingTest, DataGetsNoGradient) {
  at::Tensor weight = at::randn({5}).requires_grad_(), data = at::randn({5});
  bool flows = true;
  BlockFunction block = [&](const at::Tensor& x, const PassMode&) {
    flows = x.requires_grad();
    return x.mul(weight);
  };
  checkpointed(block, data, {}).sum().backward();
  EXPECT_FALSE(flows);
  EXPECT_TRUE(at::equal(weight.grad(), data));
}

TEST(ActivationCheckpointingTest, TakesEveryNthOrTheListedBlocksAndNeverTheLast) {
  const ModelPlan plan = planned_with({{"family", "mlp"}, {"widths", {8, 8, 8, 8}}}).run.plan.model;
  auto chosen = [&](const ActivationCheckpointingParams& params) {
    std::vector<int64_t> list;
    for (size_t i = 0; i < plan.blocks.size(); ++i) {
      if (is_checkpointed(params, plan, i)) list.push_back(static_cast<int64_t>(i) + 1);
    }
    return list;
  };
  EXPECT_EQ(chosen({}), (std::vector<int64_t>{1, 2, 3, 4}));
  EXPECT_EQ(chosen({.every = 2}), (std::vector<int64_t>{1, 3}));
  EXPECT_EQ(chosen({.every = 1, .blocks = {2, 4}}), (std::vector<int64_t>{2, 4}));
}

// Nothing is trained in front of or in a block: it keeps nothing anyway, and what is behind must not see a gradient.
TEST(ActivationCheckpointingTest, LeavesFrozenBlocksAlone) {
  ModelPlan plan = planned_with({{"family", "mlp"}, {"widths", {8, 8}}}).run.plan.model;
  plan.blocks[0].layers[1].parameter("weight")->trainable = false;
  EXPECT_TRUE(is_checkpointed({}, plan, 0));  // its bias is trained
  plan.blocks[0].layers[1].parameter("bias")->trainable = false;
  EXPECT_FALSE(is_checkpointed({}, plan, 0));
  EXPECT_TRUE(is_checkpointed({}, plan, 1));
}

TEST(ActivationCheckpointingTest, RefusesBlocksThatAreNotThere) {
  EXPECT_NO_THROW(planned_with(kConvNet, {{"blocks", {2}}}));
  EXPECT_THROW(planned_with(kConvNet, {{"blocks", {3}}}), ConfigError);  // the last
  EXPECT_THROW(planned_with({{"family", "mlp"}, {"widths", Json::array()}}), ConfigError);
}

}  // namespace
}  // namespace hasten
