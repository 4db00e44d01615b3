// The synthetic data set: a function of its settings, balanced, and learnable.
#include "hasten/data/synthetic.h"
#include "hasten/data/test_memory.h"

#include <ATen/Parallel.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/linalg_solve.h>
#include <ATen/ops/ones.h>
#include <gtest/gtest.h>

namespace hasten {
namespace {

Dataset make(SyntheticParams params, Split split = Split::kTrain) { return synthetic_data(params, split); }

TEST(SyntheticTest, ShapeAndSplits) {
  SyntheticParams params{.samples = 50, .test_samples = 20, .classes = 3, .channels = 2, .side = 5};
  Dataset train = make(params), test = make(params, Split::kTest);
  EXPECT_EQ(memory_of(train).samples().sizes(), (at::IntArrayRef{50, 2, 5, 5}));
  EXPECT_EQ(test.size(), 20);
  EXPECT_EQ(train.classes(), 3);
  EXPECT_FALSE(at::equal(memory_of(train).samples().narrow(0, 0, 20), memory_of(test).samples()));
}

TEST(SyntheticTest, SamplesDependOnSeedAndIdAlone) {
  SyntheticParams params{.samples = 200, .side = 6};
  Dataset data = make(params);
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  Dataset longer = make({.samples = 300, .side = 6});
  at::set_num_threads(threads);
  EXPECT_TRUE(at::equal(memory_of(longer).samples().narrow(0, 0, 200), memory_of(data).samples()));
  EXPECT_TRUE(at::equal(memory_of(longer).labels().narrow(0, 0, 200), memory_of(data).labels()));
  params.data_seed = 2;
  EXPECT_FALSE(at::equal(memory_of(make(params)).samples(), memory_of(data).samples()));
}

TEST(SyntheticTest, NoClassIsRareOrRules) {
  for (int64_t seed : {1, 2, 3}) {
    Dataset data = make({.samples = 2000, .side = 3, .data_seed = seed});
    for (int64_t label = 0; label < 10; ++label) {
      auto count = memory_of(data).labels().eq(label).sum().item<int64_t>();
      EXPECT_GT(count, 100) << seed << " " << label;
      EXPECT_LT(count, 320) << seed << " " << label;
    }
  }
}

TEST(SyntheticTest, NoiseReplacesItsShareOfLabels) {
  Dataset clean = make({.samples = 4000, .side = 3}), noisy = make({.samples = 4000, .side = 3, .noise = 0.5});
  double changed = memory_of(clean).labels().ne(memory_of(noisy).labels()).to(at::kDouble).mean().item<double>();
  EXPECT_NEAR(changed, 0.5 * 0.9, 0.03);
}

// Least squares on the pixels beats chance by far, and is far from perfect: the teacher is not linear.
TEST(SyntheticTest, LinearRegressionLearnsSomeOfIt) {
  SyntheticParams params{.samples = 2000, .test_samples = 1000, .side = 8};
  Dataset train = make(params), test = make(params, Split::kTest);
  auto features = [](const Dataset& data) {
    at::Tensor x = memory_of(data).samples().to(at::kDouble).div(255).sub(0.5).reshape({data.size(), -1});
    return at::cat({x, at::ones({data.size(), 1}, at::kDouble)}, 1);
  };
  at::Tensor x = features(train);
  at::Tensor y = Batch{{}, {}, memory_of(train).labels(), {}, {}}.soft_targets(10).to(at::kDouble);
  at::Tensor ridge = x.t().mm(x);
  ridge.diagonal().add_(1e-3);
  at::Tensor weight = at::linalg_solve(ridge, x.t().mm(y));
  double accuracy =
      features(test).mm(weight).argmax(1).eq(memory_of(test).labels()).to(at::kDouble).mean().item<double>();
  EXPECT_GT(accuracy, 0.3);
  EXPECT_LT(accuracy, 0.9);
}

}  // namespace
}  // namespace hasten
