// Carrying tensors from one plan to the next.
#include "hasten/core/plan_change.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

namespace hasten {
namespace {

at::Tensor numbers(at::IntArrayRef shape) {
  int64_t count = 1;
  for (int64_t size : shape) count *= size;
  return at::arange(static_cast<double>(count), at::kFloat).reshape(shape);
}

TEST(PlanChangeTest, SelectsOutputsAndInputsOfAFilter) {
  PlanChange change{"", {{"conv.weight", {"conv.weight", {{0, {2, 0}}, {1, {1}}}}}}, {}};
  at::Tensor old = numbers({3, 2, 1, 1});
  at::Tensor moved = change.moved("conv.weight", {{"conv.weight", old}}, 4);
  EXPECT_TRUE(at::equal(moved.flatten(), at::tensor({5.0f, 1.0f})));
  EXPECT_FALSE(moved.is_alias_of(old));
}

TEST(PlanChangeTest, SlotsOfAnotherShapeAreTakenAsTheyAre) {
  PlanChange change{"", {{"conv.weight", {"conv.weight", {{0, {1}}}}}}, {}};
  at::Tensor steps = at::full({}, 7.0);
  EXPECT_TRUE(at::equal(change.moved("conv.weight", {{"conv.weight", steps}}, 4), steps));
}

TEST(PlanChangeTest, BlocksAreCopiedByTheirPrefixOnly) {
  PlanChange change{"", {}, {{"block3", "block1"}}};
  std::vector<NamedTensor> old{{"block1.conv.weight", numbers({2})}, {"block30.conv.weight", at::zeros({2})}};
  EXPECT_TRUE(at::equal(change.moved("block3.conv.weight", old, 1), numbers({2})));
  EXPECT_TRUE(at::equal(change.moved("block30.conv.weight", old, 1), at::zeros({2})));
  EXPECT_FALSE(change.moved("block4.conv.weight", old, 1).defined());
}

TEST(PlanChangeTest, WhatDoesNotFitStartsAfresh) {
  std::vector<NamedTensor> old{{"a", numbers({3})}, {"b", numbers({3})}},
      fresh{{"a", at::full({2}, 9.0f)}, {"b", at::full({3}, 9.0f)}, {"c", at::full({1}, 9.0f)}};
  std::vector<NamedTensor> now = carried({}, old, fresh);
  EXPECT_TRUE(at::equal(now[0].value, fresh[0].value));
  EXPECT_TRUE(at::equal(now[1].value, numbers({3})));
  EXPECT_TRUE(at::equal(now[2].value, fresh[2].value));
  EXPECT_FALSE(now[0].value.is_alias_of(fresh[0].value));
}

}  // namespace
}  // namespace hasten
