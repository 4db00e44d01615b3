// Samples in memory: gathering, normalisation, subsets, identity.
#include "hasten/data/dataset.h"

#include <ATen/Parallel.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <set>

#include "hasten/base/error.h"
#include "hasten/data/test_memory.h"

namespace hasten {
namespace {

Dataset random_images(int64_t count, int64_t channels) {
  return {"random", Split::kTrain, at::randint(256, {count, channels, 6, 5}, at::kByte),
          at::arange(count, at::kLong).remainder(3), 3};
}

TEST(DatasetTest, GathersInTheOrderOfTheIds) {
  for (int64_t channels : {1, 3}) {
    Dataset data = random_images(100, channels);
    Batch batch = data.gather({5, 99, 5});
    EXPECT_EQ(batch.ids, (std::vector<int64_t>{5, 99, 5}));
    at::Tensor expected =
        at::stack({memory_of(data).samples()[5], memory_of(data).samples()[99], memory_of(data).samples()[5]})
            .to(at::kFloat)
            .div(255);
    EXPECT_LT(batch.inputs.sub(expected).abs().max().item<float>(), 1e-7);
    EXPECT_EQ(batch.inputs.suggest_memory_format(), at::MemoryFormat::ChannelsLast);
    EXPECT_TRUE(at::equal(batch.labels, at::tensor({2, 0, 2}, at::kLong)));
    EXPECT_THROW(data.gather({100}), InternalError);
  }
}

TEST(DatasetTest, NormalisesEachChannel) {
  Dataset data = random_images(200, 2);
  std::vector<double> mean, deviation;
  data.channel_statistics(mean, deviation);
  at::Tensor scaled = memory_of(data).samples().to(at::kDouble).div(255).transpose(0, 1).reshape({2, -1});
  EXPECT_NEAR(mean[1], scaled[1].mean().item<double>(), 1e-12);
  EXPECT_NEAR(deviation[0], std::sqrt(scaled[0].sub(scaled[0].mean()).square().mean().item<double>()), 1e-12);
  data.set_normalisation(mean, deviation);
  std::vector<int64_t> all(200);
  std::iota(all.begin(), all.end(), 0);
  at::Tensor inputs = data.gather(all).inputs.to(at::kDouble).transpose(0, 1).reshape({2, -1});
  EXPECT_LT(inputs.mean(1).abs().max().item<double>(), 1e-6);
  EXPECT_LT(inputs.square().mean(1).sub(1).abs().max().item<double>(), 1e-6);
  EXPECT_THROW(data.set_normalisation({0.5}, {1}), InternalError);
}

TEST(DatasetTest, FloatFeaturesPassUnchanged) {
  at::Tensor features = at::arange(12, at::kFloat).view({4, 3});
  Dataset data("features", Split::kTest, features, at::zeros({4}, at::kLong), 2);
  EXPECT_TRUE(at::equal(data.gather({2, 0}).inputs, at::stack({features[2], features[0]})));
}

TEST(DatasetTest, WhatIsHeldOutKeepsContentAndNormalisation) {
  const Dataset whole = random_images(50, 1);
  Dataset rest = whole;
  rest.set_normalisation({0.5}, {0.25});
  Dataset again = rest;
  const Dataset part = rest.hold_out(12, Split::kValidation);
  EXPECT_EQ(part.size(), 12);
  EXPECT_EQ(rest.size(), 38);
  EXPECT_EQ(part.split(), Split::kValidation);
  EXPECT_TRUE(at::equal(part.gather({0, 11}).inputs, again.hold_out(12, Split::kValidation).gather({0, 11}).inputs));
  // Every image is in one of them, normalised.
  std::multiset<float> sums, parts;
  const auto add = [](const Dataset& data, std::multiset<float>& out) {
    for (int64_t i = 0; i < data.size(); ++i) out.insert(data.gather({i}).inputs.sum().item<float>());
  };
  Dataset normalised = whole;
  normalised.set_normalisation({0.5}, {0.25});
  add(normalised, sums);
  add(rest, parts);
  add(part, parts);
  EXPECT_EQ(sums, parts);
}

TEST(DatasetTest, ContentHashNamesContentAndSplit) {
  Dataset data = random_images(20, 1);
  auto same = [&](Split split) {
    return Dataset("random", split, memory_of(data).samples().clone(), memory_of(data).labels().clone(), 3);
  };
  EXPECT_EQ(data.content_hash(), same(Split::kTrain).content_hash());
  EXPECT_NE(data.content_hash(), same(Split::kTest).content_hash());
  Dataset changed = same(Split::kTrain);
  memory_of(changed).samples()[7][0][2][3].bitwise_xor_(1);
  EXPECT_NE(data.content_hash(), changed.content_hash());
  Dataset relabelled = same(Split::kTrain);
  memory_of(relabelled).labels()[7].fill_(0);
  EXPECT_NE(data.content_hash(), relabelled.content_hash());
}

TEST(DatasetTest, ThreadsDoNotMatter) {
  Dataset data = random_images(2000, 3);
  std::vector<int64_t> all(2000);
  std::iota(all.begin(), all.end(), 0);
  std::vector<double> mean, deviation, mean1, deviation1;
  at::Tensor inputs = data.gather(all).inputs;
  data.channel_statistics(mean, deviation);
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  EXPECT_TRUE(at::equal(data.gather(all).inputs, inputs));
  data.channel_statistics(mean1, deviation1);
  at::set_num_threads(threads);
  EXPECT_EQ(mean, mean1);
  EXPECT_EQ(deviation, deviation1);
}

TEST(DatasetTest, RefusesLabelsThatAreNoClass) {
  at::Tensor samples = at::zeros({2, 1, 2, 2}, at::kByte);
  EXPECT_THROW(Dataset("bad", Split::kTrain, samples, at::tensor({0, 3}, at::kLong), 3), InternalError);
  EXPECT_THROW(Dataset("bad", Split::kTrain, samples, at::tensor({0}, at::kLong), 3), InternalError);
  EXPECT_THROW(Dataset("bad", Split::kTrain, samples.to(at::kFloat), at::tensor({0, 1}, at::kLong), 3), InternalError);
}

}  // namespace
}  // namespace hasten
