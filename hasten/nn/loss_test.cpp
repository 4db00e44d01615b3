// The loss of each sample against LibTorch's own.
#include "hasten/nn/loss.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include "hasten/base/error.h"

namespace hasten {
namespace {

// Value and gradient of both, weighted by `factors`.
void expect_like_libtorch(const at::Tensor& logits, const at::Tensor& labels, const at::Tensor& factors) {
  at::Tensor ours = logits.clone().requires_grad_(), theirs = logits.clone().requires_grad_();
  const at::Tensor own = cross_entropy(ours, labels, {});
  const at::Tensor expected = at::cross_entropy_loss(theirs.to(at::kFloat), labels, {}, at::Reduction::None);
  EXPECT_EQ(own.scalar_type(), at::kFloat);
  EXPECT_TRUE(at::allclose(own, expected, 1e-6, 1e-6));
  own.backward(factors);
  expected.backward(factors);
  EXPECT_EQ(ours.grad().scalar_type(), logits.scalar_type());
  EXPECT_TRUE(at::allclose(ours.grad(), theirs.grad(), 1e-5, 1e-7));
}

TEST(CrossEntropyTest, EqualsLibTorchsWithItsGradient) {
  for (const int64_t rows : {1, 7, 3000}) {  // 3000: shared among threads
    const at::Tensor labels = at::randint(10, {rows}, at::kLong);
    expect_like_libtorch(at::randn({rows, 10}).mul(8), labels, at::randn({rows}));
    expect_like_libtorch(at::randn({10, rows}).t(), labels, at::randn({2 * rows}).slice(0, 0, 2 * rows, 2));
    expect_like_libtorch(at::randn({rows, 10}).to(at::kBFloat16), labels, at::randn({rows}));
  }
}

TEST(CrossEntropyTest, WhatIsNoTargetCountsAsNothing) {
  const at::Tensor labels = at::randint(5, {6}, at::kLong);
  labels.slice(0, 2, 4).fill_(-100);
  expect_like_libtorch(at::randn({6, 5}), labels, at::randn({6}));
}

TEST(CrossEntropyTest, RefusesClassesThatAreNone) {
  for (const int64_t bad : {-1, 3}) {
    const at::Tensor labels = at::randint(3, {4}, at::kLong);
    labels[2] = bad;
    EXPECT_THROW(cross_entropy(at::randn({4, 3}), labels, {}), InternalError);
  }
}

}  // namespace
}  // namespace hasten
