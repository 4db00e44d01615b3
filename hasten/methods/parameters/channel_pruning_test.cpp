// channel_pruning: what can go, what must follow, and that a channel of zeros can go without a trace.
#include "hasten/methods/parameters/channel_pruning.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include "hasten/base/error.h"
#include "hasten/core/budget.h"
#include "hasten/core/plan_with.h"
#include "hasten/nn/planned_model.h"
#include "hasten/optim/optimizer.h"
#include "hasten/spec/layers/convolution.h"

namespace hasten {
struct PrunableConvolution {
  std::string name;
  int64_t channels = 0;
  std::vector<std::string> norms;
  std::string consumer;
  int64_t spread = 1;
};
std::vector<PrunableConvolution> prunable_convolutions(const ModelPlan& plan);
std::vector<int64_t> kept_channels(const std::vector<float>& lengths, double threshold, int64_t minimum);
void keep_channels(const PrunableConvolution& conv, const std::vector<int64_t>& kept, PlanChange& change);
namespace {

MethodEntry entry() { return {channel_pruning_spec(), make_channel_pruning}; }

testing::PlannedMethod planned_with(const Json& model, Json settings = Json::object()) {
  settings["name"] = "channel_pruning";
  Json recipe = testing::method_recipe(settings);
  recipe["model"] = model;
  return testing::plan_recipe_with(entry(), recipe);
}

const Json kConvNet = {{"family", "convnet"}, {"widths", {4, 6}}, {"norm", true}};
const Json kResNet = {{"family", "resnet"}, {"stages", {1, 1}}, {"width", 4}};

TEST(ChannelPruningTest, FindsConvolutionsAcrossBlocksAndThroughFlatten) {
  auto found = prunable_convolutions(planned_with(kConvNet).run.plan.model);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].name, "group1.conv1");
  EXPECT_EQ(found[0].consumer, "group2.conv1");
  EXPECT_EQ(found[0].norms, std::vector<std::string>{"group1.norm1"});
  EXPECT_EQ(found[0].spread, 1);
  EXPECT_EQ(found[1].consumer, "head.linear");
  EXPECT_EQ(found[1].spread, 9);  // 12 x 12 images halved twice
  Json pooled = kConvNet;
  pooled["readout"] = "average";
  EXPECT_EQ(prunable_convolutions(planned_with(pooled).run.plan.model)[1].spread, 1);
}

TEST(ChannelPruningTest, TakesTheInnerConvolutionsOfAResidualBranchAlone) {
  std::vector<std::string> names;
  for (const auto& conv : prunable_convolutions(planned_with(kResNet).run.plan.model)) names.push_back(conv.name);
  EXPECT_EQ(names, (std::vector<std::string>{"stage1_block1.conv1", "stage2_block1.conv1"}));
}

TEST(ChannelPruningTest, LeavesOutWhatAnAuxiliaryHeadSeesAndWhatIsFrozen) {
  ModelPlan plan = planned_with(kConvNet).run.plan.model;
  ModelPlan tapped = plan;
  tapped.heads.push_back({"group1", {"auxiliary", Part::kHead, {}, false, {}, {}}});
  EXPECT_EQ(prunable_convolutions(tapped).size(), 1u);
  plan.blocks[1].layers[0].parameter("weight")->trainable = false;
  EXPECT_EQ(prunable_convolutions(plan).size(), 1u);
}

TEST(ChannelPruningTest, KeepsWhatIsLongEnoughAndTheMinimum) {
  EXPECT_EQ(kept_channels({1, 0.05f, 2, 0.3f}, 0.1, 1), (std::vector<int64_t>{0, 2, 3}));
  EXPECT_EQ(kept_channels({1, 0.05f, 2, 0.3f}, 0.9, 3), (std::vector<int64_t>{0, 2, 3}));
  EXPECT_EQ(kept_channels({0, 0, 0}, 0.5, 2).size(), 3u);  // all as long as the longest
}

// Cuts channels 1 and 3 of every prunable convolution, whose filters are zero, and compares outputs.
void expect_same_function(const Json& model) {
  c10::NoGradGuard no_grad;
  ModelPlan plan = planned_with(model).run.plan.model;
  PlannedModel before(plan, 1);
  for (const NamedTensor& buffer : before.buffers()) buffer.value.add_(at::randn(buffer.value.sizes()).abs());
  PlanChange change;
  for (const PrunableConvolution& conv : prunable_convolutions(plan)) {
    at::Tensor dead = at::tensor(std::vector<int64_t>{1, 3});
    before.parameter(conv.name + ".weight").index_fill_(0, dead, 0);
    for (const NamedTensor& buffer : before.buffers()) {
      if (buffer.name == conv.norms[0] + ".running_mean") buffer.value.index_fill_(0, dead, 0);
    }
    std::vector<int64_t> kept{0, 2};
    for (int64_t c = 4; c < conv.channels; ++c) kept.push_back(c);
    keep_channels(conv, kept, change);
    plan.each_layer([&](Block& block, Layer& layer) {
      if (block.name + "." + layer.name == conv.name) layer.kind.as<Conv2d>()->channels -= 2;
    });
  }
  plan.infer();
  PlannedModel after(plan, 2);
  std::vector<NamedTensor> values = carried(change, before.tensors(), after.tensors());
  for (size_t i = 0; i < values.size(); ++i) after.tensors()[i].value.detach().copy_(values[i].value);
  at::Tensor images = at::randn({5, 1, 12, 12});
  for (bool training : {false, true}) {
    before.set_training(training);
    after.set_training(training);
    EXPECT_TRUE(at::allclose(before.forward(images), after.forward(images), 1e-4, 1e-5)) << training;
  }
}

TEST(ChannelPruningTest, AChannelOfZerosGoesWithoutATrace) {
  expect_same_function(kConvNet);
  Json pooled = kConvNet;
  pooled["readout"] = "max";
  pooled["convs_per_group"] = 2;
  expect_same_function(pooled);
  expect_same_function({{"family", "resnet"}, {"stages", {1, 1}}, {"width", 8}});
}

TEST(ChannelPruningTest, ReplansToSmallerLayersAndKeepsSlots) {
  auto planned = planned_with(kConvNet, {{"threshold", 0.5}, {"interval", 0.25}, {"minimum", 1}});
  const Plan& plan = planned.run.plan;
  PlannedModel model(plan.model, 1);
  OptimizerSet optimizers(plan, [&](std::string_view name) { return model.parameter(name); });
  Budget budget(plan.run);
  State state{plan, budget, 1, {}, model, &optimizers};
  {
    c10::NoGradGuard no_grad;
    model.parameter("group1.conv1.weight").index_fill_(0, at::tensor(std::vector<int64_t>{0, 2}), 1e-4);
  }
  state.progress.step = 9;
  EXPECT_FALSE(planned.run.engine.replan(state));
  state.progress.step = 10;  // a quarter of 40
  std::optional<PlanChange> change = planned.run.engine.replan(state);
  ASSERT_TRUE(change);
  EXPECT_EQ(change->moves.at("group1.conv1.weight").selections[0].kept, (std::vector<int64_t>{1, 3}));
  Plan next = plan_again(planned.run, planned.run.engine);
  EXPECT_EQ(next.model.blocks[0].layers[0].out[0], 2);
  EXPECT_EQ(next.model.blocks[1].layers[0].parameter("weight")->shape, (Shape{6, 2, 3, 3}));
  EXPECT_LT(next.model.flops().forward, plan.model.flops().forward);
  EXPECT_FALSE(planned.run.engine.replan(state));  // once
}

TEST(ChannelPruningTest, PressureShortensFiltersByItsShareOfTheLearningRate) {
  auto planned = planned_with(kConvNet, {{"pressure", 0.5}});
  const Plan& plan = planned.run.plan;
  PlannedModel model(plan.model, 1);
  OptimizerSet optimizers(plan, [&](std::string_view name) { return model.parameter(name); });
  Budget budget(plan.run);
  State state{plan, budget, 1, {}, model, &optimizers};
  at::Tensor weight = model.parameter("group2.conv1.weight").detach();
  weight[0].fill_(1e-6);  // shorter than the step: exactly zero
  at::Tensor before = weight.norm(2, {1, 2, 3}).clone(), head = model.parameter("head.linear.weight").detach().clone();
  planned.run.engine.fire(Event::kAfterUpdate, state);
  at::Tensor after = weight.norm(2, {1, 2, 3});
  EXPECT_EQ(after[0].item<double>(), 0);
  EXPECT_NEAR(after[1].item<double>(), before[1].item<double>() - 0.05, 1e-5);  // lr 0.1 x 0.5
  EXPECT_TRUE(at::allclose(head, model.parameter("head.linear.weight")));
}

TEST(ChannelPruningTest, RefusesWhatItCannotDo) {
  EXPECT_THROW(planned_with({{"family", "mlp"}}), ConfigError);
  EXPECT_THROW(planned_with(kConvNet, {{"interval", 0.8}, {"end", 0.5}}), ConfigError);
  EXPECT_THROW(planned_with(kConvNet, {{"threshold", 1}}), ConfigError);
}

}  // namespace
}  // namespace hasten
