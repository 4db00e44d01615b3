// Weight transforms, block wrappers, auxiliary heads, frozen blocks and passes that leave no trace.
#include "hasten/nn/method_seams.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/dropout.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include "hasten/base/json.h"
#include "hasten/core/budget.h"
#include "hasten/core/plan_with.h"
#include "hasten/nn/extra_pass.h"
#include "hasten/nn/planned_model.h"
#include "hasten/spec/layers/dense.h"
#include "hasten/spec/layers/pooling.h"

namespace hasten {
namespace {

struct PartParams {
  double factor = 2;
  static constexpr auto schema() { return std::tuple{field("factor", &PartParams::factor, "what for")}; }
};

// Multiplies every filter.
class Doubles final : public MethodOf<PartParams>, public WeightTransform {
 public:
  using MethodOf::MethodOf;
  bool transforms(const PlacedParameter& p) const override { return p.plan->role == Role::kFilter; }
  at::Tensor transform(const std::string&, const at::Tensor& value) override { return value.mul(params_.factor); }
  void state(StateVisitor&) override {}
};

// Leaves every branch out when the factor is 0, else scales it.
class Scales final : public MethodOf<PartParams>, public BlockWrapper {
 public:
  using MethodOf::MethodOf;
  bool wraps(const ModelPlan&, size_t, BlockScope scope) const override { return scope == BlockScope::kBranch; }
  at::Tensor run(size_t, const at::Tensor& x, const PassMode& mode, const BlockFunction& inner, const State&) override {
    return params_.factor == 0 ? at::Tensor() : inner(x, mode).mul(params_.factor);
  }
  void state(StateVisitor&) override {}
};

template <class Part>
std::unique_ptr<Method> make_part(const PartParams& params) {
  return std::make_unique<Part>(params);
}

template <class Part>
MethodEntry part_entry(Seam seam) {
  MethodSpec spec;
  spec.name = "part";
  spec.summary = "a part";
  spec.uses = {{seam, Phase::kLayers}};
  spec.neutral = no_neutral("a test");
  spec.params = describe<PartParams>();
  return {std::move(spec), make_part<Part>};
}

Json resnet_document(double factor) {
  Json document = testing::method_recipe({{"name", "part"}, {"factor", factor}});
  document["model"] = {{"family", "resnet"}, {"stages", {2, 1}}, {"width", 4}};
  return document;
}

struct Built {
  explicit Built(MethodEntry entry, double factor)
      : planned(testing::plan_recipe_with(std::move(entry), resnet_document(factor))),
        budget(planned.run.plan.run),
        model(planned.run.plan.model, 1, {&planned.run.engine, &state}),
        plain(planned.run.plan.model, 1),
        state{planned.run.plan, budget, 1, {}, model} {}
  testing::PlannedMethod planned;
  Budget budget;
  PlannedModel model, plain;
  State state;
};

TEST(WeightTransformTest, LayersComputeWithTheEffectiveWeight) {
  Built with(part_entry<Doubles>(Seam::kWeightTransform), 2);
  at::Tensor x = at::randn({3, 1, 12, 12});
  with.model.set_training(false);
  with.plain.set_training(false);
  at::Tensor transformed = with.model.forward(x);
  {
    c10::NoGradGuard no_grad;
    for (const NamedTensor& p : with.plain.parameters()) {
      if (p.value.dim() == 4) p.value.mul_(2);
    }
  }
  EXPECT_TRUE(at::allclose(transformed, with.plain.forward(x), 1e-4, 1e-5));
  // The stored weight is the one that gets the gradient, through the transform.
  transformed.sum().backward();
  with.plain.forward(x).sum().backward();
  at::Tensor g = with.model.parameter("stem.conv.weight").grad(),
             expected = with.plain.parameter("stem.conv.weight").grad();
  EXPECT_TRUE(at::allclose(g, expected.mul(2), 1e-3, 1e-4));
}

TEST(BlockWrapperTest, AnUndefinedBranchLeavesTheShortcut) {
  Built with(part_entry<Scales>(Seam::kBlockWrapper), 0);
  at::Tensor x = at::randn({3, 1, 12, 12});
  at::Tensor out = with.model.forward(x);
  {
    c10::NoGradGuard no_grad;  // a branch that ends in a norm of gain and shift 0 gives 0
    for (const NamedTensor& p : with.plain.parameters()) {
      if (p.name.find("norm2") != std::string::npos) p.value.zero_();
    }
  }
  EXPECT_TRUE(at::allclose(out, with.plain.forward(x), 1e-4, 1e-5));
  out.sum().backward();
  EXPECT_FALSE(with.model.parameter("stage1_block1.conv1.weight").grad().defined());
  EXPECT_TRUE(with.model.parameter("stem.conv.weight").grad().defined());
}

TEST(BlockWrapperTest, EvaluationKnowsNoWrappers) {
  Built with(part_entry<Scales>(Seam::kBlockWrapper), 0);
  at::Tensor x = at::randn({3, 1, 12, 12});
  with.model.set_training(false);
  with.plain.set_training(false);
  EXPECT_TRUE(at::equal(with.model.forward(x), with.plain.forward(x)));
}

TEST(AuxiliaryHeadTest, IsComputedInTrainingAndCosted) {
  ModelPlan plan =
      testing::plan_recipe_with(part_entry<Doubles>(Seam::kWeightTransform), resnet_document(1)).run.plan.model;
  const PassCost before = plan.flops();
  AuxiliaryHead head{"stage1_block2", {"early", Part::kHead, {}, false, {}, {}}};
  head.block.add("pool", GlobalPool{PoolKind::kAverage});
  head.block.add("linear", Linear{10, true});
  plan.heads.push_back(head);
  plan.infer();
  const PassCost more = plan.flops() - before;
  EXPECT_EQ(more.forward, 2.0 * 4 * 10);
  EXPECT_EQ(more.backward, 2 * more.forward);
  PlannedModel model(plan, 1);
  at::Tensor x = at::randn({3, 1, 12, 12});
  model.forward(x);
  ASSERT_EQ(model.auxiliary().size(), 1u);
  EXPECT_EQ(model.auxiliary()[0].name, "early");
  EXPECT_EQ(model.auxiliary()[0].value.sizes(), (std::vector<int64_t>{3, 10}));
  EXPECT_TRUE(model.parameter("early.linear.weight").requires_grad());
  model.set_training(false);
  model.forward(x);
  EXPECT_TRUE(model.auxiliary().empty());
}

TEST(PassModeTest, FrozenBlocksKeepTheirStatistics) {
  ModelPlan plan =
      testing::plan_recipe_with(part_entry<Doubles>(Seam::kWeightTransform), resnet_document(1)).run.plan.model;
  plan.blocks[0].frozen = true;
  PlannedModel model(plan, 1);
  model.forward(at::randn({8, 1, 12, 12}));
  for (const NamedTensor& buffer : model.buffers()) {
    const bool moved =
        !at::equal(buffer.value, buffer.name.find("mean") != std::string::npos ? at::zeros_like(buffer.value)
                                                                               : at::ones(buffer.value.sizes()));
    EXPECT_EQ(moved, buffer.name.rfind("stem.", 0) != 0) << buffer.name;
  }
}

TEST(PassModeTest, AveragedStatisticsAreTheMeanOverBatches) {
  ModelPlan plan =
      testing::plan_recipe_with(part_entry<Doubles>(Seam::kWeightTransform), resnet_document(1)).run.plan.model;
  PlannedModel model(plan, 1);
  std::vector<at::Tensor> means;
  for (int64_t i = 0; i < 3; ++i) {
    at::Tensor x = at::randn({8, 1, 12, 12}).add(static_cast<double>(i));
    PlannedModel alone(plan, 1);
    alone.set_mode({true, Statistics::kAverage, 0});
    alone.forward(x);
    means.push_back(alone.buffers()[0].value.clone());
    model.set_mode({true, Statistics::kAverage, i});
    model.forward(x);
  }
  EXPECT_TRUE(at::allclose(model.buffers()[0].value, means[0].add(means[1]).add(means[2]).div(3), 1e-4, 1e-5));
}

TEST(ExtraPassTest, LeavesStatisticsAndRandomStateAlone) {
  Json document = testing::method_recipe({{"name", "part"}});
  document["model"]["dropout"] = 0.5;
  ModelPlan plan = testing::plan_recipe_with(part_entry<Doubles>(Seam::kWeightTransform), document).run.plan.model;
  PlannedModel model(plan, 1);
  at::Tensor x = at::randn({8, 1, 12, 12}), random = random_state(), first, second;
  std::vector<at::Tensor> buffers;
  for (const NamedTensor& buffer : model.buffers()) buffers.push_back(buffer.value.clone());
  {
    ExtraPass extra(model);
    first = model.forward(x);
  }
  EXPECT_TRUE(at::equal(random_state(), random));
  for (size_t i = 0; i < buffers.size(); ++i) EXPECT_TRUE(at::equal(model.buffers()[i].value, buffers[i]));
  EXPECT_TRUE(at::equal(model.forward(x), first)) << "the pass that counts draws the same masks";
  EXPECT_FALSE(at::equal(model.buffers()[0].value, buffers[0]));
}

}  // namespace
}  // namespace hasten
