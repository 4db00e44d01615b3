// One node instead of several has the bits of LibTorch's.
#include "hasten/nn/fused_linear.h"

#include <ATen/ops/equal.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/relu.h>
#include <gtest/gtest.h>

#include <vector>

#include "hasten/kernels/use.h"
#include "hasten/nn/autocast.h"

namespace hasten {
namespace {

struct Case {
  bool relu, bias;
};

struct Leaves {
  at::Tensor x, weight, bias;
};

Leaves leaves_of(const Case& with) {
  at::manual_seed(7);
  Leaves leaves{at::randn({5, 12}), at::randn({9, 12}), at::randn({9})};
  if (!with.bias) leaves.bias = at::Tensor();
  return leaves;
}

at::Tensor theirs(const Leaves& in, bool relu) {
  const at::Tensor y = at::linear(in.x, in.weight, in.bias);
  return relu ? at::relu(y) : y;
}

class FusedLinearTest : public testing::TestWithParam<Case> {};

TEST_P(FusedLinearTest, HasTheBitsOfOperators) {
  // Which of the inputs want a gradient: all of them; weights behind data; a frozen layer that passes it on.
  for (const std::vector<bool>& wanted : {std::vector{true, true, true}, {false, true, true}, {true, false, false}}) {
    Leaves ours = leaves_of(GetParam()), other = leaves_of(GetParam());
    const auto each = [](Leaves& leaves) { return std::vector{&leaves.x, &leaves.weight, &leaves.bias}; };
    for (size_t i = 0; i < wanted.size(); ++i) {
      for (Leaves* leaves : {&ours, &other}) {
        if (each(*leaves)[i]->defined()) each(*leaves)[i]->set_requires_grad(wanted[i]);
      }
    }
    const at::Tensor behind = at::randn({5, 9});
    const at::Tensor a = fused_linear(ours.x, ours.weight, ours.bias, GetParam().relu),
                     b = theirs(other, GetParam().relu);
    EXPECT_TRUE(at::equal(a, b));
    a.backward(behind);
    b.backward(behind);
    for (size_t i = 0; i < wanted.size(); ++i) {
      const at::Tensor &one = *each(ours)[i], &two = *each(other)[i];
      if (!one.defined()) continue;
      ASSERT_EQ(one.grad().defined(), wanted[i]) << i;
      EXPECT_TRUE(!wanted[i] || at::equal(one.grad(), two.grad())) << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, FusedLinearTest,
                         testing::Values(Case{false, false}, Case{false, true}, Case{true, false}, Case{true, true}));

TEST(FusedLinear, TakesRowsThatAreMultipliedInFp32) {
  EXPECT_TRUE(is_linear_fused(at::randn({2, 3})));
  EXPECT_FALSE(is_linear_fused(at::randn({2, 4, 3}))) << "sequences";
  EXPECT_FALSE(is_linear_fused(at::randn({2, 3}).to(at::kBFloat16)));
  {
    PrecisionScope half(Compute::kBf16);
    EXPECT_FALSE(is_linear_fused(at::randn({2, 3})));
  }
  use_fused_kernels(false);
  EXPECT_FALSE(is_linear_fused(at::randn({2, 3})));
  use_fused_kernels(true);
}

}  // namespace
}  // namespace hasten
