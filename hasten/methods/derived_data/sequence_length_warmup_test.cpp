// sequence_length_warmup: lengths over the run, samples cut, and what that saves.
#include "hasten/methods/derived_data/sequence_length_warmup.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <vector>

#include "hasten/base/error.h"
#include "hasten/core/plan_with.h"
#include "hasten/core/text_plan_with.h"
#include "hasten/data/batch.h"

namespace hasten {
int64_t sequence_length(const SequenceLengthWarmupParams& params, int64_t context, double over);
void cut_samples(Batch& batch, int64_t pieces);
namespace {

MethodEntry entry() { return {sequence_length_warmup_spec(), make_sequence_length_warmup}; }

TEST(SequenceLengthWarmupTest, GrowsByDivisors) {
  const SequenceLengthWarmupParams params{.initial = 0.25, .warmup = 0.5};
  EXPECT_EQ(sequence_length(params, 64, 0), 16);
  EXPECT_EQ(sequence_length(params, 64, 0.16), 16);
  EXPECT_EQ(sequence_length(params, 64, 0.17), 32);  // 0.25 + 0.75 / 3 = 1/2
  EXPECT_EQ(sequence_length(params, 64, 0.49), 32);
  EXPECT_EQ(sequence_length(params, 64, 0.5), 64);
  EXPECT_EQ(sequence_length(params, 96, 0), 24);
  EXPECT_EQ(sequence_length({.initial = 0.3, .warmup = 0.5}, 64, 0), 32) << "never shorter than asked";
  EXPECT_EQ(sequence_length(params, 7, 0.4), 7) << "a prime has no other";
}

TEST(SequenceLengthWarmupTest, CutsWithoutLosingATarget) {
  Batch batch;
  batch.ids = {4, 9};
  batch.inputs = at::arange(16).view({2, 8});
  batch.labels = batch.inputs.add(1);
  batch.weights = at::tensor({1.0F, 2.0F});
  cut_samples(batch, 2);
  EXPECT_EQ(batch.ids, (std::vector<int64_t>{4, 4, 9, 9}));
  EXPECT_TRUE(at::equal(batch.inputs, at::arange(16).view({4, 4})));
  EXPECT_TRUE(at::equal(batch.labels, at::arange(1, 17).view({4, 4})));
  EXPECT_TRUE(at::equal(batch.weights, at::tensor({1.0F, 1.0F, 2.0F, 2.0F})));
}

TEST(SequenceLengthWarmupTest, SavesWhatGrowsWithTheLength) {
  const Json settings = {{"name", "sequence_length_warmup"}, {"initial", 0.5}, {"warmup", 1}};
  const auto planned = testing::plan_recipe_with(entry(), testing::text_recipe(settings));
  const ModelPlan& model = planned.run.plan.model;
  const CostEstimate estimate = planned.run.engine.estimate_cost(planned.run.plan);
  EXPECT_NEAR(estimate.forward, 2 * model.with_input({8}).flops().forward, 1e-6 * estimate.forward);
  EXPECT_LT(estimate.forward, model.flops().forward);
}

TEST(SequenceLengthWarmupTest, RefusedWhereNothingIsShorter) {
  Json recipe = testing::text_recipe({{"name", "sequence_length_warmup"}});
  recipe["data"]["context"] = 13;
  EXPECT_EQ(testing::refused_at(entry(), recipe), "method.sequence_length_warmup.initial");
}

}  // namespace
}  // namespace hasten
