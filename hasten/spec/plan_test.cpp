// Plans: shapes, parameters, cost, order.
#include "hasten/spec/plan.h"

#include <gtest/gtest.h>

#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/spec/layers/convolution.h"
#include "hasten/spec/layers/dense.h"
#include "hasten/spec/layers/elementwise.h"
#include "hasten/spec/order.h"

namespace hasten {
namespace {

ModelPlan convnet(const Json& settings) {
  const FamilySpec& family = find_family("convnet");
  return family.build(family.params->parse(settings, "model"), {"data", {1, 28, 28}, 10, 100, 100});
}

TEST(ModelPlanTest, ConvnetShapesAndCost) {
  ModelPlan plan = convnet({{"widths", {32, 64}}, {"hidden", {128}}});
  EXPECT_EQ(plan.blocks[0].layers[0].out, (Shape{32, 28, 28}));
  EXPECT_EQ(plan.blocks[1].layers.back().out, (Shape{64, 7, 7}));
  EXPECT_EQ(plan.parameter_count(), 32 * 9 + 32 + 64 * 32 * 9 + 64 + 64 * 49 * 128 + 128 + 128 * 10 + 10);
  double conv1 = 2.0 * 28 * 28 * 32 * 9, conv2 = 2.0 * 14 * 14 * 64 * 32 * 9, hidden = 2.0 * 3136 * 128,
         out = 2.0 * 128 * 10;
  EXPECT_DOUBLE_EQ(plan.flops().forward, conv1 + conv2 + hidden + out);
  // The first convolution needs no gradient of the image.
  EXPECT_DOUBLE_EQ(plan.flops().backward, conv1 + 2 * (conv2 + hidden + out));
}

TEST(ModelPlanTest, FrozenWeightsCostNoWeightGradient) {
  ModelPlan plan = convnet({{"widths", {8}}, {"stem", 4}});
  double before = plan.flops().backward;
  plan.blocks[0].layers[0].parameter("weight")->trainable = false;
  EXPECT_DOUBLE_EQ(before - plan.flops().backward, plan.blocks[0].layers[0].kind.flops({1, 28, 28}));
  // Its bias still asks for the gradient of its output; without it the next layer's input gradient is saved too.
  plan.blocks[0].layers[0].parameter("bias")->trainable = false;
  const Layer& next = plan.blocks[1].layers[0];
  EXPECT_DOUBLE_EQ(before - plan.flops().backward,
                   plan.blocks[0].layers[0].kind.flops({1, 28, 28}) + next.kind.flops(next.in));
}

TEST(ModelPlanTest, EditsOfParametersSurviveInference) {
  ModelPlan plan = convnet({{"widths", {8, 8}}});
  plan.blocks[1].layers[0].parameter("weight")->init = {InitKind::kDirac, 0};
  plan.blocks[0].layers[0].kind.as<Conv2d>()->channels = 5;
  plan.infer();
  EXPECT_EQ(plan.blocks[1].layers[0].parameter("weight")->init.kind, InitKind::kDirac);
  EXPECT_EQ(plan.blocks[1].layers[0].parameter("weight")->shape, (Shape{8, 5, 3, 3}));
}

TEST(ModelPlanTest, ResidualBlockNeedsAFittingShortcut) {
  ModelPlan plan;
  plan.input = {6};
  plan.outputs = 3;
  Block block{"block", Part::kBody, {}, true, {}, {}};
  block.add("linear", Linear{3, true});
  plan.blocks.push_back(block);
  EXPECT_THROW(plan.infer(), ConfigError);
  plan.blocks[0].shortcut.push_back({"project", Linear{3, false}, {}, {}, {}});
  plan.infer();
  EXPECT_EQ(plan.parameter_count(), 6 * 3 + 3 + 6 * 3);
  // Two paths from the input, which needs no gradient itself: only weight gradients.
  EXPECT_DOUBLE_EQ(plan.flops().backward, 2 * 2.0 * 6 * 3);
}

TEST(ModelPlanTest, DifferenceOfPlansNamesWhatChanged) {
  ModelPlan a = convnet({{"widths", {8}}}), b = a;
  b.blocks[0].layers[0].parameter("weight")->init = {InitKind::kDirac, 0};
  std::vector<std::string> lines = json_difference(a.to_json(), b.to_json());
  EXPECT_EQ(lines,
            (std::vector<std::string>{"~ blocks.group1.layers.conv1.parameters.weight.init: uniform_fan_in -> dirac",
                                      "- blocks.group1.layers.conv1.parameters.weight.init_value: 1.0"}));
}

TEST(ScheduleTest, InterpolatesAndHolds) {
  Schedule s = Schedule::parse(Json::parse(R"([["0dur", 0.2], ["1ep", 1.0], ["1dur", 0.0]])"), "x");
  s.resolve({{4, Unit::kEpoch}, 1000, 10}, "x");
  EXPECT_DOUBLE_EQ(s.at(0), 0.2);
  EXPECT_DOUBLE_EQ(s.at(0.125), 0.6);
  EXPECT_DOUBLE_EQ(s.at(0.25), 1.0);
  EXPECT_DOUBLE_EQ(s.at(1), 0.0);
  EXPECT_DOUBLE_EQ(s.at(2), 0.0);
  Schedule cosine = Schedule::parse("cosine", "x");
  cosine.resolve({{4, Unit::kEpoch}, 1000, 10}, "x");
  EXPECT_NEAR(cosine.at(0.5), 0.5, 1e-12);
  Schedule step = Schedule::parse(Json::parse(R"({"shape": "step", "points": [["0dur", 1], ["0.5dur", 0.1]]})"), "x");
  step.resolve({{4, Unit::kEpoch}, 1000, 10}, "x");
  EXPECT_DOUBLE_EQ(step.at(0.49), 1);
  EXPECT_DOUBLE_EQ(step.at(0.5), 0.1);
}

MethodSpec toy(std::string name, std::vector<Use> uses) {
  MethodSpec spec;
  spec.name = std::move(name);
  spec.uses = std::move(uses);
  return spec;
}

std::vector<std::string> names_at(const std::vector<const MethodSpec*>& methods, Site site) {
  std::vector<std::string> names;
  MethodOrder order = resolve_order(methods);
  for (const MethodSpec* spec : order.at(site)) names.push_back(spec->name);
  return names;
}

TEST(OrderTest, PhaseThenNameAndDeclaredOrderFirst) {
  MethodSpec mix = toy("a_mix", {{Seam::kBatchTransform, Phase::kMix}});
  MethodSpec flip = toy("z_flip", {{Seam::kBatchTransform, Phase::kGeometry}});
  MethodSpec crop = toy("b_crop", {{Seam::kBatchTransform, Phase::kGeometry}});
  EXPECT_EQ(names_at({&mix, &flip, &crop}, Seam::kBatchTransform),
            (std::vector<std::string>{"b_crop", "z_flip", "a_mix"}));
  flip.after = {"a_mix"};
  EXPECT_EQ(names_at({&mix, &flip, &crop}, Seam::kBatchTransform),
            (std::vector<std::string>{"b_crop", "a_mix", "z_flip"}));
}

TEST(OrderTest, PairedEventsUnwind) {
  MethodSpec outer = toy("a", {{Event::kBeforeLoss, Phase::kMix}, {Event::kAfterLoss, Phase::kMix}});
  MethodSpec inner = toy("b", {{Event::kBeforeLoss, Phase::kTarget}, {Event::kAfterLoss, Phase::kTarget}});
  EXPECT_EQ(names_at({&inner, &outer}, Event::kBeforeLoss), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(names_at({&inner, &outer}, Event::kAfterLoss), (std::vector<std::string>{"b", "a"}));
  // An event whose name only begins with After does not unwind: updates happen in the stated order (peer's defect 1).
  MethodSpec first = toy("a", {{Event::kAfterUpdate, Phase::kClip}}),
             second = toy("b", {{Event::kAfterUpdate, Phase::kAverage}});
  EXPECT_EQ(names_at({&second, &first}, Event::kAfterUpdate), (std::vector<std::string>{"a", "b"}));
}

std::string conflict(const std::vector<const MethodSpec*>& methods) {
  try {
    resolve_order(methods);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "none";
}

TEST(OrderTest, ConflictsNameBoth) {
  MethodSpec a = toy("ema", {{Seam::kWeightProvider, Phase::kAverage}}),
             b = toy("swa", {{Seam::kWeightProvider, Phase::kAverage}});
  EXPECT_EQ(conflict({&a, &b}),
            "[method.ema] expected one method on the exclusive seam weight_provider, got 'ema' and 'swa'");
  MethodSpec c = toy("c", {}), d = toy("d", {});
  c.conflicts = {"d"};
  EXPECT_EQ(conflict({&d, &c}), "[method.c] expected no 'd' beside it, got both");
  MethodSpec e = toy("e", {{Event::kStepEnd, Phase::kObserve}}), f = toy("f", {{Event::kStepEnd, Phase::kObserve}});
  e.after = {"f"};
  f.after = {"e"};
  EXPECT_EQ(conflict({&e, &f}),
            "[method.e] expected an order at StepEnd, got a cycle of before and after among e and f");
}

}  // namespace
}  // namespace hasten
