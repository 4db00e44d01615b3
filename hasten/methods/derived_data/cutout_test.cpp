// cutout: the squares, where they lie, and whom they belong to.
#include "hasten/methods/derived_data/cutout.h"

#include <ATen/ops/equal.h>
#include <ATen/ops/ones.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "hasten/base/error.h"
#include "hasten/core/budget.h"
#include "hasten/core/plan_with.h"
#include "hasten/data/transform.h"
#include "hasten/nn/planned_model.h"

namespace hasten {
int64_t cutout_side(double length, int64_t height, int64_t width);
void blank_squares(at::Tensor& images, const std::vector<int64_t>& tops, const std::vector<int64_t>& lefts,
                   int64_t side);
namespace {

MethodEntry entry() { return {cutout_spec(), make_cutout}; }

TEST(CutoutTest, SideIsOfTheShorterSide) {
  EXPECT_EQ(cutout_side(0.5, 12, 20), 6);
  EXPECT_EQ(cutout_side(0.5, 20, 13), 7);  // 6.5 rounds up
  EXPECT_EQ(cutout_side(0.01, 12, 12), 0);
}

TEST(CutoutTest, SquaresByHand) {
  at::Tensor images = at::ones({2, 3, 4, 5});
  blank_squares(images, {1, -1}, {2, 4}, 2);
  at::Tensor expected = at::ones({2, 3, 4, 5});
  expected[0].slice(1, 1, 3).slice(2, 2, 4).zero_();
  expected[1].slice(1, 0, 1).slice(2, 4, 5).zero_();  // what is left of one in the corner
  EXPECT_TRUE(at::equal(images, expected));
  at::Tensor alike = at::ones({2, 3, 4, 5});
  blank_squares(alike, {1}, {2}, 2);
  EXPECT_TRUE(at::equal(alike[0], expected[0]));
  EXPECT_TRUE(at::equal(alike[1], expected[0]));
}

struct Cut {
  explicit Cut(const Json& settings) : planned(plan(settings)) {}
  static testing::PlannedMethod plan(const Json& settings) {
    Json all = {{"name", "cutout"}};
    if (!settings.is_null()) all.update(settings);
    return testing::plan_with(entry(), all);
  }
  at::Tensor apply(std::vector<int64_t> ids, int64_t epoch, int64_t step) {
    Batch batch;
    batch.inputs = channels_last(at::ones({static_cast<int64_t>(ids.size()), 1, 12, 12}));
    batch.ids = std::move(ids);
    batch.epoch = epoch;
    batch.step = step;
    chain.apply(batch, state);
    EXPECT_TRUE(batch.inputs.is_contiguous(at::MemoryFormat::ChannelsLast));
    return batch.inputs;
  }
  testing::PlannedMethod planned;
  PlannedModel model{planned.run.plan.model, 1};
  Budget budget{planned.run.plan.run};
  State state{planned.run.plan, budget, 1, {}, model};
  TransformChain chain{planned.run.plan.run, planned.run.engine};
};

TEST(CutoutTest, SquaresBelongToTheSampleAndTheEpoch) {
  Cut run(Json{{"length", 0.25}});
  at::Tensor whole = run.apply({3, 8, 21, 5}, 2, 7), part = run.apply({21, 5}, 2, 90);
  EXPECT_TRUE(at::equal(whole.slice(0, 2, 4), part));
  EXPECT_FALSE(at::equal(whole[0], whole[1]));
  EXPECT_FALSE(at::equal(whole, run.apply({3, 8, 21, 5}, 3, 7)));
}

TEST(CutoutTest, OrToTheStep) {
  Cut run(Json{{"length", 0.25}, {"places", "batch"}});
  at::Tensor images = run.apply({3, 8, 21}, 2, 7);
  EXPECT_TRUE(at::equal(images[0], images[2]));
  EXPECT_TRUE(at::equal(images, run.apply({1, 2, 9}, 0, 7)));
  bool moved = false;
  for (int64_t step = 8; step < 12; ++step) moved = moved || !at::equal(images, run.apply({3, 8, 21}, 2, step));
  EXPECT_TRUE(moved);
}

TEST(CutoutTest, CentresAreUniformAndSquaresAreWhole) {
  Cut run(Json{{"length", 0.25}});  // 3 x 3
  std::vector<int64_t> ids(2000);
  for (size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<int64_t>(i);
  at::Tensor blank = run.apply(ids, 0, 0).eq(0).to(at::kDouble);
  EXPECT_EQ(blank.sum({1, 2, 3}).max().item<double>(), 9);
  EXPECT_EQ(blank.sum({1, 2, 3}).min().item<double>(), 4);  // a centre in a corner
  at::Tensor chance = blank.mean(0)[0];
  EXPECT_NEAR(chance[6][6].item<double>(), 9.0 / 144, 0.022);  // 4 standard deviations
  EXPECT_NEAR(chance[0][0].item<double>(), 4.0 / 144, 0.015);
}

TEST(CutoutTest, HolesLieInPlacesOfTheirOwn) {
  Cut one(Json{{"length", 0.2}}), two(Json{{"length", 0.2}, {"holes", 2}});
  int more = 0;
  for (int64_t id = 0; id < 20; ++id) {
    more +=
        two.apply({id}, 0, 0).eq(0).sum().item<int64_t>() > one.apply({id}, 0, 0).eq(0).sum().item<int64_t>() ? 1 : 0;
  }
  EXPECT_GT(more, 12);
}

TEST(CutoutTest, AScheduleMayBeginAtNothing) {
  Cut run(Json{{"length", 0.5}});
  *run.planned.run.engine.scheduled("method.cutout.length") = 0;
  EXPECT_TRUE(at::equal(run.apply({1, 2}, 0, 0), at::ones({2, 1, 12, 12})));
}

TEST(CutoutTest, Refuses) {
  for (double length : {0.0, 0.01, 1.5}) {  // 0.01 of 12 pixels is none
    try {
      Cut::plan({{"length", length}});
      ADD_FAILURE() << length << " is accepted";
    } catch (const ConfigError& error) {
      EXPECT_EQ(error.where(), "method.cutout.length");
    }
  }
  EXPECT_THROW(Cut::plan({{"holes", 0}}), ConfigError);
}

}  // namespace
}  // namespace hasten
