// colout: which lines stay, what becomes of a batch, and what it costs.
#include "hasten/methods/derived_data/colout.h"

#include <ATen/ops/arange.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "hasten/base/error.h"
#include "hasten/base/rng.h"
#include "hasten/core/budget.h"
#include "hasten/core/plan_with.h"
#include "hasten/data/transform.h"
#include "hasten/nn/planned_model.h"

namespace hasten {
int64_t kept_side(int64_t side, double drop);
std::vector<int64_t> kept_lines(int64_t side, int64_t kept, RandomStream random);
namespace {

MethodEntry entry() { return {colout_spec(), make_colout}; }

Json document(double drop, const char* readout = "average") {
  Json json = testing::method_recipe({{"name", "colout"}, {"drop", drop}});
  json["model"]["readout"] = readout;
  return json;
}

TEST(ColOutTest, KeepsTheWholePartOfWhatIsLeft) {
  EXPECT_EQ(kept_side(12, 0.25), 9);
  EXPECT_EQ(kept_side(32, 0.15), 27);
  EXPECT_EQ(kept_side(10, 0.3), 7) << "0.7 x 10 is seven, whatever binary fractions say";
  EXPECT_EQ(kept_side(12, 0.001), 11) << "any share costs a line";
  EXPECT_EQ(kept_side(3, 0.9), 1);
}

TEST(ColOutTest, LinesAreSortedAndEquallyLikely) {
  std::map<int64_t, int> seen;
  for (uint64_t step = 0; step < 6000; ++step) {
    std::vector<int64_t> lines = kept_lines(6, 4, RandomStream(1, 2, step, 0));
    ASSERT_EQ(lines.size(), 4u);
    EXPECT_TRUE(std::is_sorted(lines.begin(), lines.end()));
    for (int64_t line : lines) ++seen[line];
  }
  ASSERT_EQ(seen.size(), 6u);
  for (const auto& [line, count] : seen) EXPECT_NEAR(count, 4000, 150) << line;  // four standard deviations
}

TEST(ColOutTest, AllImagesOfAStepLoseTheSameLines) {
  auto planned = testing::plan_recipe_with(entry(), document(0.25));
  PlannedModel model(planned.run.plan.model, 1);
  Budget budget(planned.run.plan.run);
  State state{planned.run.plan, budget, 1, {}, model};
  Batch batch;
  batch.ids = {4, 9};
  batch.step = 3;
  at::Tensor image = at::arange(144.0, at::kFloat).reshape({1, 1, 12, 12});
  batch.inputs = channels_last(image.expand({2, 1, 12, 12}).contiguous());
  TransformChain(planned.run.plan.run, planned.run.engine).apply(batch, state);
  ASSERT_EQ(batch.inputs.sizes(), (std::vector<int64_t>{2, 1, 9, 9}));
  EXPECT_TRUE(batch.inputs[0].equal(batch.inputs[1]));
  // Rows and columns of the original, so neighbours differ by whole rows or columns that are drawn apart.
  at::Tensor first = batch.inputs[0][0];
  at::Tensor rows = first.select(1, 0).div(12, "floor"), columns = first[0].remainder(12);
  EXPECT_TRUE(first.equal(rows.mul(12).unsqueeze(1).add(columns.unsqueeze(0))));
  EXPECT_FALSE(rows.equal(columns)) << "rows and columns are drawn apart";
}

TEST(ColOutTest, CostsWhatTheSmallerImagesCost) {
  auto planned = testing::plan_recipe_with(entry(), document(0.25));
  const Plan& plan = planned.run.plan;
  CostEstimate estimate = planned.run.engine.estimate_cost(plan);
  PassCost less = plan.model.with_input({1, 9, 9}).flops();
  EXPECT_DOUBLE_EQ(estimate.forward, less.forward);
  EXPECT_DOUBLE_EQ(estimate.backward, less.backward);
}

TEST(ColOutTest, RefusesModelsOfOneSize) {
  EXPECT_THROW(
      {
        try {
          testing::plan_recipe_with(entry(), document(0.25, "flatten"));
        } catch (const ConfigError& error) {
          EXPECT_NE(error.hint().find("model.readout"), std::string::npos);
          throw;
        }
      },
      ConfigError);
}

}  // namespace
}  // namespace hasten
