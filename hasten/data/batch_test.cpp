// Batches: slices are views, soft targets, the layout of images.
#include "hasten/data/batch.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include "hasten/base/error.h"

namespace hasten {
namespace {

Batch small_batch() {
  Batch batch;
  batch.ids = {7, 3, 9};
  batch.inputs = at::arange(6, at::kFloat).view({3, 2});
  batch.labels = at::arange(3, at::kLong);
  batch.epoch = 4;
  batch.step = 11;
  return batch;
}

TEST(BatchTest, SlicesAreViews) {
  Batch batch = small_batch();
  Batch part = batch.slice(1, 2);
  EXPECT_EQ(part.ids, (std::vector<int64_t>{3, 9}));
  EXPECT_EQ(part.epoch, 4);
  EXPECT_EQ(part.step, 11);
  EXPECT_FALSE(part.targets.defined());
  part.inputs.zero_();
  EXPECT_EQ(batch.inputs[2][1].item<float>(), 0);
  EXPECT_EQ(batch.inputs[0][1].item<float>(), 1);
  EXPECT_THROW(batch.slice(2, 2), InternalError);
}

TEST(BatchTest, SoftTargetsAreLabelsUntilSomethingMadeThemSoft) {
  Batch batch = small_batch();
  at::Tensor targets = batch.soft_targets(4);
  EXPECT_EQ(targets.sizes(), (at::IntArrayRef{3, 4}));
  EXPECT_TRUE(at::equal(targets.argmax(1), batch.labels));
  EXPECT_EQ(targets.sum().item<float>(), 3);
  batch.targets = targets.mul(0.5);
  EXPECT_TRUE(at::equal(batch.soft_targets(4), batch.targets));
}

TEST(BatchTest, WhatIsNoTargetIsARowOfZeros) {
  Batch batch;
  batch.labels = at::tensor({1, -100, 0, 2}, at::kLong).view({2, 2});
  const at::Tensor targets = batch.soft_targets(3);
  EXPECT_EQ(targets.sizes(), (at::IntArrayRef{2, 2, 3}));
  EXPECT_EQ(targets.sum().item<float>(), 3);
  EXPECT_EQ(targets[0][1].sum().item<float>(), 0);
  EXPECT_EQ(targets[1][1][2].item<float>(), 1);
}

TEST(BatchTest, ChannelsLastIsVisibleInTheStrides) {
  for (int64_t channels : {1, 3}) {
    at::Tensor images = at::rand({2, channels, 4, 5});
    at::Tensor packed = channels_last(images);
    EXPECT_TRUE(at::equal(packed, images));
    EXPECT_EQ(packed.suggest_memory_format(), at::MemoryFormat::ChannelsLast) << channels;
    EXPECT_EQ(packed.strides(), (at::IntArrayRef{20 * channels, 1, 5 * channels, channels}));
    EXPECT_EQ(channels_last(packed).data_ptr(), packed.data_ptr()) << "already so";
    EXPECT_EQ(packed.narrow(0, 1, 1).suggest_memory_format(), at::MemoryFormat::ChannelsLast) << "a microbatch of one";
    EXPECT_EQ(packed.to(at::kBFloat16).suggest_memory_format(), at::MemoryFormat::ChannelsLast) << "under autocast";
  }
}

}  // namespace
}  // namespace hasten
