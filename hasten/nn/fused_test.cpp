// Kernels of our own against LibTorch's operators: values and gradients, in both formats.
#include "hasten/nn/fused.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/outer.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/rms_norm.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include "hasten/kernels/functions.h"
#include "hasten/kernels/tiles.h"
#include "hasten/kernels/vectorised.h"
#include "hasten/meter/flops.h"
#include "hasten/nn/autocast.h"
#include "hasten/nn/fused_attention.h"
#include "hasten/nn/fused_convolution.h"
#include "hasten/nn/fused_images.h"

namespace hasten {
namespace {

using Inputs = std::vector<at::Tensor>;
using Function = std::function<at::Tensor(const Inputs&)>;

struct Passed {
  at::Tensor value;
  Inputs gradients;
};

Passed pass(const Function& function, const Inputs& inputs, at::ScalarType format, const at::Tensor& behind) {
  Inputs leaves;
  for (const at::Tensor& input : inputs) leaves.push_back(input.to(format).clone().set_requires_grad(true));
  const at::Tensor y = function(leaves);
  y.backward(behind.to(y.scalar_type()));
  Passed out{y.detach().to(at::kFloat), {}};
  for (const at::Tensor& leaf : leaves) out.gradients.push_back(leaf.grad().to(at::kFloat));
  return out;
}

double distance(const at::Tensor& a, const at::Tensor& b) {
  return a.sub(b).abs().max().item<double>() / std::max(1e-12, b.abs().max().item<double>());
}

// In fp32 both agree to rounding; in bf16 ours is as near to fp32's result as a few roundings are.
void expect_same(const Function& ours, const Function& theirs, const Inputs& inputs) {
  at::Tensor behind;
  {
    c10::NoGradGuard no_grad;
    behind = at::randn(theirs(inputs).sizes());
  }
  const Passed exact = pass(theirs, inputs, at::kFloat, behind), here = pass(ours, inputs, at::kFloat, behind);
  EXPECT_LT(distance(here.value, exact.value), 3e-6);
  for (size_t i = 0; i < inputs.size(); ++i) EXPECT_LT(distance(here.gradients[i], exact.gradients[i]), 2e-5) << i;
  const Passed coarse = pass(ours, inputs, at::kBFloat16, behind);
  EXPECT_LT(distance(coarse.value, exact.value), 2e-2);
  for (size_t i = 0; i < inputs.size(); ++i) EXPECT_LT(distance(coarse.gradients[i], exact.gradients[i]), 5e-2) << i;
}

TEST(FusedTest, RootMeanSquareNorm) {
  at::manual_seed(1);
  for (int64_t features : {2, 7, 64, 300}) {
    const auto theirs = [&](const Inputs& in) { return at::rms_norm(in[0], {features}, std::nullopt, 1e-5); };
    expect_same([](const Inputs& in) { return fused_feature_norm(in[0], {}, {}, true, 1e-5); }, theirs,
                {at::randn({4, 9, features}).mul(3)});
  }
}

TEST(FusedTest, NormsWithGainAndShift) {
  at::manual_seed(2);
  const at::Tensor x = at::randn({5, 33, 48}).add(2), weight = at::randn({48}), bias = at::randn({48}),
                   behind = at::randn({5, 33, 48});
  const auto leaves = [&] {
    Inputs in;
    for (const at::Tensor& one : {x, weight, bias}) in.push_back(one.clone().set_requires_grad(true));
    return in;
  };
  for (bool plain : {false, true}) {
    Inputs ours = leaves(), theirs = leaves();
    const at::Tensor a = fused_feature_norm(ours[0], ours[1], plain ? at::Tensor() : ours[2], plain, 1e-5);
    const at::Tensor b = plain ? at::rms_norm(theirs[0], {48}, theirs[1], 1e-5)
                               : at::layer_norm(theirs[0], {48}, theirs[1], theirs[2], 1e-5);
    EXPECT_LT(distance(a.detach(), b.detach()), 3e-6);
    a.backward(behind);
    b.backward(behind);
    for (size_t i = 0; i < (plain ? 2U : 3U); ++i) EXPECT_LT(distance(ours[i].grad(), theirs[i].grad()), 1e-5) << i;
  }
}

TEST(FusedTest, NormsGiveProductsTheirFormat) {
  const at::Tensor x = at::randn({2, 3, 8});
  EXPECT_EQ(fused_feature_norm(x, {}, {}, true, 1e-5).scalar_type(), at::kFloat);
  PrecisionScope half(Compute::kBf16);
  EXPECT_EQ(fused_feature_norm(x, {}, {}, true, 1e-5).scalar_type(), at::kBFloat16);
}

TEST(FusedTest, SquaredRelu) {
  at::manual_seed(3);
  expect_same([](const Inputs& in) { return fused_relu_squared(in[0]); },
              [](const Inputs& in) { return at::relu(in[0]).square(); }, {at::randn({3, 700, 2})});
}

TEST(FusedTest, SumsOfTwoFormats) {
  at::manual_seed(4);
  const at::Tensor x = at::randn({3, 1111}).set_requires_grad(true),
                   branch = at::randn({3, 1111}).to(at::kBFloat16).set_requires_grad(true),
                   behind = at::randn({3, 1111});
  const at::Tensor y = fused_sum(x, branch);
  EXPECT_TRUE(at::equal(y, x.add(branch.to(at::kFloat))));
  y.backward(behind);
  EXPECT_TRUE(at::equal(x.grad(), behind));
  EXPECT_TRUE(at::equal(branch.grad(), behind.to(at::kBFloat16)));
}

TEST(FusedTest, HeadsOfAttention) {
  at::manual_seed(6);
  const int64_t samples = 3, tokens = 11, heads = 2, features = 8, half = features / 2;
  const at::Tensor angle = at::outer(at::arange(tokens, at::kFloat), at::arange(1, half + 1, at::kFloat).reciprocal());
  for (bool norm : {false, true}) {
    for (bool rotary : {false, true}) {
      const HeadLayout layout{
          heads, norm, 1e-6, 0.25, rotary ? angle.cos() : at::Tensor(), rotary ? angle.sin() : at::Tensor()};
      const auto ours = [&](const Inputs& in) {
        const auto parts = fused_heads(in[0], layout);
        return at::cat({parts[0], parts[1], parts[2]}, 2);
      };
      const auto theirs = [&](const Inputs& in) {
        Inputs parts;
        for (int64_t part = 0; part < 3; ++part) {
          at::Tensor x = in[0].view({samples, tokens, 3, heads, features}).select(2, part);
          if (part < 2 && norm) x = at::rms_norm(x, {features}, std::nullopt, 1e-6);
          if (part < 2 && rotary) {
            const at::Tensor c = angle.cos().unsqueeze(1), s = angle.sin().unsqueeze(1);
            const at::Tensor a = x.narrow(3, 0, half), b = x.narrow(3, half, half);
            x = at::cat({a.mul(c).sub(b.mul(s)), b.mul(c).add(a.mul(s))}, 3);
          }
          if (part == 0) x = x.mul(0.25);
          parts.push_back(x.transpose(1, 2).reshape({samples * heads, tokens, features}));
        }
        return at::cat(parts, 2);
      };
      SCOPED_TRACE(norm ? (rotary ? "both" : "norm") : (rotary ? "rotary" : "neither"));
      expect_same(ours, theirs, {at::randn({samples, tokens, 3 * heads * features})});
    }
  }
}

// Whole blocks of images and a rest, kernels of one and five pixels, channels that fill no panel.
TEST(FusedTest, ConvolutionsOfSmallImages) {
  at::manual_seed(6);
  const struct {
    int64_t images, in, out, side, kernel;
  } cases[] = {{37, 32, 48, 6, 3}, {150, 40, 32, 3, 3}, {9, 64, 33, 8, 5}, {5, 32, 32, 4, 1}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.side);
    const int64_t padding = c.kernel / 2;
    const auto as_images = [](const at::Tensor& x) { return x.contiguous(at::MemoryFormat::ChannelsLast); };
    Inputs inputs{at::randn({c.images, c.in, c.side, c.side}).to(at::kBFloat16),
                  at::randn({c.out, c.in, c.kernel, c.kernel}).div(c.kernel * 6).to(at::kBFloat16),
                  at::randn({c.out}).to(at::kBFloat16)};
    const auto theirs = [&](const Inputs& in) { return at::conv2d(as_images(in[0]), in[1], in[2], 1, padding); };
    const auto ours = [&](const Inputs& in) { return fused_convolution(as_images(in[0]), in[1], in[2], padding); };
    if (!is_convolution_fused(inputs[0], inputs[1].detach().set_requires_grad(true), padding)) {
      GTEST_SKIP() << "no tile registers: convolutions are LibTorch's here";
    }
    const at::Tensor behind = at::randn({c.images, c.out, c.side, c.side}).to(at::kBFloat16);
    const Passed exact = pass(theirs, inputs, at::kFloat, behind), coarse = pass(theirs, inputs, at::kBFloat16, behind),
                 fused = pass(ours, inputs, at::kBFloat16, behind);
    constexpr double kRoundings = 1.05, kLeast = 1e-4;
    EXPECT_LE(distance(fused.value, exact.value), kRoundings * distance(coarse.value, exact.value) + kLeast);
    for (size_t i = 0; i < 3; ++i) {
      EXPECT_LE(distance(fused.gradients[i], exact.gradients[i]),
                kRoundings * distance(coarse.gradients[i], exact.gradients[i]) + kLeast)
          << i;
    }
  }
}

// Against fp32, beside what plain products in bf16 get; heads of odd sizes, sequences that fill no block.
TEST(FusedTest, Attention) {
  at::manual_seed(5);
  const struct {
    int64_t samples, heads, tokens, features;
  } cases[] = {{2, 3, 128, 64}, {3, 2, 77, 20}, {1, 1, 1, 8}, {2, 2, 33, 48}, {1, 2, 300, 32}};
  for (const auto& c : cases) {
    for (const bool causal : {true, false}) {
      SCOPED_TRACE(c.tokens);
      const auto plain = [&](const Inputs& in) {
        at::Tensor scores = at::bmm(in[0], in[1].transpose(1, 2));
        if (causal) scores = scores.add(at::full({c.tokens, c.tokens}, -1e30, scores.options()).triu(1));
        const at::Tensor seen = at::bmm(at::softmax(scores, -1), in[2]);
        return seen.view({c.samples, c.heads, c.tokens, c.features}).transpose(1, 2).reshape({c.samples, c.tokens, -1});
      };
      const auto ours = [&](const Inputs& in) { return fused_attention(in[0], in[1], in[2], c.heads, causal); };
      Inputs inputs;
      for (int i = 0; i < 3; ++i)
        inputs.push_back(at::randn({c.samples * c.heads, c.tokens, c.features}).to(at::kBFloat16));
      inputs[0] = inputs[0].mul(2 / std::sqrt(static_cast<double>(c.features)));
      if (!is_attention_fused(inputs[0])) GTEST_SKIP() << "no tile registers: attention is LibTorch's here";
      const at::Tensor behind = at::randn({c.samples, c.tokens, c.heads * c.features}).to(at::kBFloat16);
      const Passed exact = pass(plain, inputs, at::kFloat, behind), coarse = pass(plain, inputs, at::kBFloat16, behind),
                   fused = pass(ours, inputs, at::kBFloat16, behind);
      constexpr double kRoundings = 1.2, kLeast = 3e-3;  // of bf16, whose numbers are 2^-8 apart
      EXPECT_LE(distance(fused.value, exact.value), kRoundings * distance(coarse.value, exact.value) + kLeast);
      for (size_t i = 0; i < 3; ++i) {
        EXPECT_LE(distance(fused.gradients[i], exact.gradients[i]),
                  kRoundings * distance(coarse.gradients[i], exact.gradients[i]) + kLeast)
            << i;
      }
    }
  }
}

#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
// What a product loses when it is rounded: nothing is left of it where multiplication and addition are one instruction.
HASTEN_VECTORISED void lost_by_rounding(const float* x, int64_t n, float* y) {
  for (int64_t i = 0; i < n; ++i) y[i] = x[i] * x[i] - 1;
}

TEST(FusedTest, LoopsUseTheInstructionsOfThisProcessor) {
  if (!__builtin_cpu_supports("fma")) GTEST_SKIP() << "a processor without fused multiplication and addition";
  const float x = 1 + 0x1p-12F;  // its square, 1 + 2^-11 + 2^-24, has one bit too many
  std::vector<float> in(64, x), out(64);
  lost_by_rounding(in.data(), 64, out.data());
  EXPECT_EQ(out[0], 0x1p-11F + 0x1p-24F);
}
#endif

double counted(const Function& function, const Inputs& inputs, const at::Tensor& behind) {
  FlopCounter counter;
  pass(function, inputs, at::kBFloat16, behind);
  return counter.total();
}

// Products of our own count as what they do: those of a convolution as LibTorch's, scores of attention once more backward.
TEST(FusedTest, ProductsAreCountedAsWork) {
  const Inputs parts(3, at::randn({6, 32, 16}).to(at::kBFloat16));
  if (!is_attention_fused(parts[0])) GTEST_SKIP() << "no tile registers: products are LibTorch's here";
  const double product = 2.0 * 6 * 32 * 32 * 16;
  EXPECT_EQ(counted([](const Inputs& in) { return fused_attention(in[0], in[1], in[2], 3, true); }, parts,
                    at::randn({2, 32, 48})),
            (2 + 5) * product);
  const Inputs images{at::randn({4, 32, 6, 6}), at::randn({40, 32, 3, 3})};
  const at::Tensor behind = at::randn({4, 40, 6, 6});
  EXPECT_EQ(counted([](const Inputs& in) { return fused_convolution(in[0], in[1], {}, 1); }, images, behind),
            counted([](const Inputs& in) { return at::conv2d(in[0], in[1], {}, 1, 1); }, images, behind));
}

TEST(FusedTest, LongSequencesAreLibTorchs) {
  EXPECT_FALSE(is_attention_fused(at::zeros({1, 1025, 8}, at::kBFloat16)));
  EXPECT_EQ(is_attention_fused(at::zeros({1, 1024, 8}, at::kBFloat16)), kernels::tiles::available());
}

TEST(FusedTest, ExponentialAndNormalCurve) {
  for (float x = -90; x < 88; x += 0.137F) {
    const double exact = std::exp(static_cast<double>(x));
    EXPECT_NEAR(kernels::exponential(x), exact, 4e-7 * exact + 1e-37) << x;
  }
  for (float x = -9; x < 9; x += 0.0613F) {
    const kernels::NormalCurve curve = kernels::normal_curve(x);
    EXPECT_NEAR(curve.below, 0.5 * std::erfc(-x / std::sqrt(2.0)), 3e-7) << x;
    EXPECT_NEAR(curve.density, std::exp(-0.5 * x * x), 3e-7) << x;
  }
}

at::Tensor images(std::vector<int64_t> sizes) {
  return at::randn(sizes).mul(2).add(5).contiguous(at::MemoryFormat::ChannelsLast);
}

TEST(FusedTest, BatchNormAndActivation) {
  at::manual_seed(7);
  using kernels::ChannelActivation;
  for (ChannelActivation activation : {ChannelActivation::kNone, ChannelActivation::kRelu, ChannelActivation::kGelu}) {
    for (int64_t channels : {3, 24, 300}) {
      SCOPED_TRACE(channels);
      const at::Tensor x = images({6, channels, 5, 7}), weight = at::randn({channels}), bias = at::randn({channels}),
                       behind = images({6, channels, 5, 7}).sub(5);
      at::Tensor mean[2], variance[2];
      for (int i = 0; i < 2; ++i) mean[i] = at::zeros({channels}), variance[i] = at::ones({channels});
      const auto leaves = [&] {
        Inputs in;
        for (const at::Tensor& one : {x, weight, bias}) in.push_back(one.clone().set_requires_grad(true));
        return in;
      };
      Inputs ours = leaves(), theirs = leaves();
      const at::Tensor a = fused_batch_norm(ours[0], ours[1], ours[2], mean[0], variance[0], {1e-5, 0.3, activation});
      at::Tensor b = at::batch_norm(theirs[0], theirs[1], theirs[2], mean[1], variance[1], true, 0.3, 1e-5, false);
      if (activation == ChannelActivation::kRelu) b = at::relu(b);
      if (activation == ChannelActivation::kGelu) b = at::gelu(b);
      EXPECT_LT(distance(a.detach(), b.detach()), 5e-6);
      a.backward(behind);
      b.backward(behind);
      for (size_t i = 0; i < 3; ++i) EXPECT_LT(distance(ours[i].grad(), theirs[i].grad()), 3e-5) << i;
      EXPECT_LT(distance(mean[0], mean[1]), 1e-5);
      EXPECT_LT(distance(variance[0], variance[1]), 1e-5);
      c10::NoGradGuard no_grad;
      const at::Tensor fixed = fused_fixed_norm(x, weight, bias, mean[0], variance[0], {1e-5, 0.3, activation});
      at::Tensor expected = at::batch_norm(x, weight, bias, mean[0], variance[0], false, 0.3, 1e-5, false);
      if (activation == ChannelActivation::kRelu) expected = at::relu(expected);
      if (activation == ChannelActivation::kGelu) expected = at::gelu(expected);
      EXPECT_LT(distance(fixed, expected), 5e-6);
    }
  }
}

// A mean that is large against the spread does not swallow it.
TEST(FusedTest, BatchNormFarFromZero) {
  const at::Tensor x = images({8, 4, 16, 16}).mul(1e-3).add(100);
  const at::Tensor y = fused_batch_norm(x, {}, {}, {}, {}, {1e-12, 0.1, kernels::ChannelActivation::kNone});
  EXPECT_NEAR(y.mean().item<double>(), 0, 1e-2);
  EXPECT_NEAR(y.var().item<double>(), 1, 2e-2);
}

TEST(FusedTest, BatchNormInHalfPrecision) {
  at::manual_seed(8);
  const at::Tensor x = images({4, 32, 6, 6}), behind = images({4, 32, 6, 6}).sub(5);
  at::Tensor coarse = x.to(at::kBFloat16).set_requires_grad(true), exact = x.clone().set_requires_grad(true);
  const ChannelNormSettings settings{1e-5, 0.1, kernels::ChannelActivation::kGelu};
  const at::Tensor a = fused_batch_norm(coarse, {}, {}, {}, {}, settings),
                   b = fused_batch_norm(exact, {}, {}, {}, {}, settings);
  EXPECT_EQ(a.scalar_type(), at::kBFloat16);
  EXPECT_LT(distance(a.detach().to(at::kFloat), b.detach()), 3e-2);
  a.backward(behind.to(at::kBFloat16));
  b.backward(behind);
  EXPECT_LT(distance(coarse.grad().to(at::kFloat), exact.grad()), 5e-2);
}

TEST(FusedTest, MaxPoolingOfEvenAndOddImages) {
  at::manual_seed(9);
  for (const std::vector<int64_t>& sizes :
       std::vector<std::vector<int64_t>>{{2, 3, 4, 6}, {3, 16, 5, 7}, {1, 40, 2, 3}}) {
    for (at::ScalarType format : {at::kFloat, at::kBFloat16}) {
      // Whole numbers, so that many are equal.
      const at::Tensor x = images(sizes).round().to(format);
      at::Tensor ours = x.clone().set_requires_grad(true), theirs = x.clone().set_requires_grad(true);
      const at::Tensor a = fused_max_pool(ours), b = at::max_pool2d(theirs, 2, 2);
      EXPECT_TRUE(at::equal(a, b));
      const at::Tensor behind = at::randn(b.sizes()).to(format);
      a.backward(behind);
      b.backward(behind);
      EXPECT_TRUE(at::equal(ours.grad(), theirs.grad()));
    }
  }
}

TEST(FusedTest, WhatIsNoNumberIsSeen) {
  at::Tensor x = at::ones({1, 2, 2, 2}).contiguous(at::MemoryFormat::ChannelsLast);
  x[0][0][1][0] = std::numeric_limits<float>::quiet_NaN();
  for (at::ScalarType format : {at::kFloat, at::kBFloat16}) {
    const at::Tensor y = fused_max_pool(x.to(format));
    EXPECT_TRUE(std::isnan(y[0][0][0][0].item<float>()));
    EXPECT_EQ(y[0][1][0][0].item<float>(), 1);
    EXPECT_TRUE(std::isnan(fused_relu_squared(x.to(format))[0][0][1][0].item<float>()));
  }
}

}  // namespace
}  // namespace hasten
