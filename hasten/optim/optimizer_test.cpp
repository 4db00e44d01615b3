// Update rules against their formulas, written out.
#include "hasten/optim/optimizer.h"

#include <ATen/Parallel.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/linalg_svd.h>
#include <ATen/ops/linalg_svdvals.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "hasten/base/json.h"
#include "hasten/kernels/tiles.h"
#include "hasten/kernels/use.h"
#include "hasten/optim/orthogonalised.h"

namespace hasten {
namespace {

// A group of one parameter, channels last like a filter, with a fixed gradient.
UpdateGroup group_of(Optimizer& optimizer, double lr, double decay) {
  UpdateGroup group;
  group.names = {"w"};
  group.parameters = {at::randn({4, 3, 3, 3}).contiguous(at::MemoryFormat::ChannelsLast)};
  group.lr = lr;
  group.weight_decay = decay;
  optimizer.prepare(group);
  return group;
}

at::Tensor gradient_like(const at::Tensor& p) {
  return at::randn(p.sizes()).contiguous(at::MemoryFormat::ChannelsLast);
}

TEST(SgdTest, NesterovMomentumAndCoupledDecay) {
  auto sgd = make_sgd({.lr = 0.1, .momentum = 0.9, .weight_decay = 0.01, .nesterov = true, .decoupled = false});
  UpdateGroup group = group_of(*sgd, 0.1, 0.01);
  at::Tensor w = group.parameters[0].clone(), m = at::zeros_like(w);
  for (int step = 0; step < 3; ++step) {
    at::Tensor g = gradient_like(w);
    group.gradients = {g};
    sgd->update(group);
    at::Tensor d = g.add(w, 0.01);
    m = m.mul(0.9).add(d);
    w = w.sub(d.add(m, 0.9), 0.1);
    EXPECT_TRUE(at::allclose(group.parameters[0], w, 1e-5, 1e-6));
  }
}

TEST(SgdTest, DecoupledDecayShrinksTheWeightItself) {
  auto sgd = make_sgd({.lr = 0.1, .momentum = 0, .weight_decay = 0.5, .nesterov = false, .decoupled = true});
  UpdateGroup group = group_of(*sgd, 0.1, 0.5);
  at::Tensor expected = group.parameters[0].mul(1 - 0.1 * 0.5);
  group.gradients = {at::zeros_like(expected)};
  sgd->update(group);
  EXPECT_TRUE(at::allclose(group.parameters[0], expected));
}

TEST(AdamWTest, BiasCorrectedMoments) {
  AdamWParams params{.lr = 0.01, .beta1 = 0.9, .beta2 = 0.99, .epsilon = 1e-8, .weight_decay = 0.1};
  auto adam = make_adamw(params);
  UpdateGroup group = group_of(*adam, 0.01, 0.1);
  at::Tensor w = group.parameters[0].clone(), m = at::zeros_like(w), v = at::zeros_like(w);
  for (int step = 1; step <= 3; ++step) {
    at::Tensor g = gradient_like(w);
    group.gradients = {g};
    adam->update(group);
    m = m.mul(0.9).add(g, 0.1);
    v = v.mul(0.99).add(g.mul(g), 0.01);
    at::Tensor mh = m.div(1 - std::pow(0.9, step)), vh = v.div(1 - std::pow(0.99, step));
    w = w.mul(1 - 0.01 * 0.1).sub(mh.div(vh.sqrt().add(1e-8)), 0.01);
    EXPECT_TRUE(at::allclose(group.parameters[0], w, 1e-4, 1e-6));
  }
}

at::Tensor orthogonal(const at::Tensor& matrix, int64_t iterations = 5) {
  return orthogonalised({matrix}, {1}, iterations)[0];
}

// Our kernel and LibTorch's products.
class OrthogonalisedTest : public ::testing::TestWithParam<bool> {
 protected:
  OrthogonalisedTest() { use_fused_kernels(GetParam()); }
  void SetUp() override {
    if (GetParam() && !kernels::tiles::available()) GTEST_SKIP() << "no tile registers";
  }
  ~OrthogonalisedTest() override { use_fused_kernels(true); }
};

TEST_P(OrthogonalisedTest, SingularValuesAreNearOne) {
  // Not square: a square random matrix has singular values near zero, which five steps do not lift.
  for (auto [rows, columns] : {std::pair<int64_t, int64_t>{32, 64}, {64, 32}, {16, 48}, {33, 70}, {150, 40}}) {
    at::Tensor s = at::linalg_svdvals(orthogonal(at::randn({rows, columns})));
    EXPECT_GT(s.min().item<double>(), 0.3) << rows << "x" << columns;
    EXPECT_LT(s.max().item<double>(), 1.3) << rows << "x" << columns;
  }
  // It keeps the singular directions: the product with the input is positive definite.
  at::Tensor a = at::randn({16, 16});
  EXPECT_GT(orthogonal(a).mul(a).sum().item<double>(), 0);
}

TEST_P(OrthogonalisedTest, IsThePolynomialOfSingularValues) {
  for (auto [rows, columns] : {std::pair<int64_t, int64_t>{40, 100}, {100, 40}, {64, 64}, {1, 9}}) {
    const at::Tensor a = at::randn({rows, columns});
    const auto [u, s, v] = at::linalg_svd(a, /*full_matrices=*/false);
    at::Tensor values = s.div(a.norm());
    for (int i = 0; i < 3; ++i) {
      const at::Tensor square = values.mul(values);
      values = values.mul(square.mul(square).mul(2.0315).sub(square.mul(4.7750)).add(3.4445));
    }
    const at::Tensor exact = u.mul(values).matmul(v);
    // bf16 keeps 8 bits of each of the products.
    EXPECT_LT(orthogonal(a, 3).sub(exact).norm().item<double>(), 0.02 * exact.norm().item<double>()) << rows;
  }
}

TEST_P(OrthogonalisedTest, MatricesOfAllShapesWithTheirScales) {
  std::vector<at::Tensor> matrices;
  for (auto [rows, columns] : {std::pair<int64_t, int64_t>{16, 48}, {48, 16}, {16, 48}, {5, 7}, {16, 48}})
    matrices.push_back(at::randn({rows, columns}));
  const std::vector<at::Tensor> together = orthogonalised(matrices, {1, 2, 3, 4, 5}, 5);
  for (size_t i = 0; i < matrices.size(); ++i) {
    const at::Tensor alone = orthogonal(matrices[i]).mul(static_cast<double>(i + 1));
    EXPECT_LT(together[i].sub(alone).norm().item<double>(), 0.02 * alone.norm().item<double>()) << i;
  }
}

TEST_P(OrthogonalisedTest, FiltersAreAMatrixEachHoweverTheyLie) {
  const at::Tensor filters = at::randn({12, 5, 3, 3}),
                   matrix = orthogonal(filters.reshape({12, 45})).view({12, 5, 3, 3});
  for (const at::Tensor& form : {filters, filters.contiguous(at::MemoryFormat::ChannelsLast),
                                 filters.transpose(2, 3).contiguous().transpose(2, 3)})
    EXPECT_LT(orthogonal(form).sub(matrix).norm().item<double>(), 0.02 * matrix.norm().item<double>());
}

// Whoever takes which matrix, and however many there are.
TEST(OrthogonalKernelTest, BitsDoNotDependOnThreads) {
  if (!kernels::tiles::available()) GTEST_SKIP() << "no tile registers";
  std::vector<at::Tensor> matrices;
  for (int i = 0; i < 7; ++i) matrices.push_back(at::randn({20 + 8 * i, 90}));
  const std::vector<double> scales(matrices.size(), 1);
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const std::vector<at::Tensor> alone = orthogonalised(matrices, scales, 5);
  at::set_num_threads(4);
  const std::vector<at::Tensor> together = orthogonalised(matrices, scales, 5);
  at::set_num_threads(threads);
  for (size_t i = 0; i < alone.size(); ++i) EXPECT_TRUE(at::equal(alone[i], together[i])) << i;
}

TEST_P(OrthogonalisedTest, ZerosAndNoMatrices) {
  EXPECT_EQ(orthogonal(at::zeros({40, 33})).abs().max().item<float>(), 0);
  EXPECT_TRUE(orthogonalised({}, {}, 5).empty());
  const at::Tensor narrow = at::randn({8, 24}).to(at::kBFloat16);
  EXPECT_EQ(orthogonal(narrow).scalar_type(), at::kBFloat16);
}

INSTANTIATE_TEST_SUITE_P(Kernels, OrthogonalisedTest, ::testing::Bool(),
                         [](const auto& info) { return info.param ? "own" : "libtorch"; });

TEST(MuonTest, StepHasTheSameSizeWhateverTheGradientsScale) {
  auto muon = make_muon(
      {.lr = 0.1, .momentum = 0, .weight_decay = 0, .nesterov = false, .iterations = 5, .scale = MuonScale::kNone});
  UpdateGroup a = group_of(*muon, 0.1, 0), b = group_of(*muon, 0.1, 0);
  at::Tensor g = gradient_like(a.parameters[0]), before_a = a.parameters[0].clone(), before_b = b.parameters[0].clone();
  a.gradients = {g};
  b.gradients = {g.mul(1000)};
  muon->update(a);
  muon->update(b);
  EXPECT_TRUE(at::allclose(a.parameters[0].sub(before_a), b.parameters[0].sub(before_b), 1e-3, 1e-3));
  double norm = a.parameters[0].sub(before_a).norm().item<double>();
  EXPECT_NEAR(norm, 0.1 * std::sqrt(4.0), 0.06);  // four rows of about unit length
}

// The update in two steps against the fused one, over steps that move the slots.
void expect_same_in_steps(const std::function<std::unique_ptr<Optimizer>()>& make, double decay) {
  auto fused = make(), stepped = make();
  at::Tensor start = at::randn({4, 3, 3, 3}).contiguous(at::MemoryFormat::ChannelsLast);
  UpdateGroup a, b;
  for (UpdateGroup* group : {&a, &b}) {
    group->names = {"w"};
    group->parameters = {start.clone()};
    group->lr = 0.1;
    group->weight_decay = decay;
    (group == &a ? fused : stepped)->prepare(*group);
  }
  for (int step = 0; step < 4; ++step) {
    at::Tensor gradient = gradient_like(start);
    a.gradients = b.gradients = {gradient};
    fused->update(a);
    at::Tensor before = b.parameters[0].clone();
    std::vector<at::Tensor> direction = stepped->direction(b);
    if (stepped->decoupled()) b.parameters[0].sub_(before, b.lr * decay);
    b.parameters[0].sub_(direction[0], b.lr);
    EXPECT_TRUE(at::allclose(a.parameters[0], b.parameters[0], 1e-4, 1e-5))
        << "step " << step << ", off by " << a.parameters[0].sub(b.parameters[0]).abs().max().item<double>()
        << ", decay " << decay << ", decoupled " << stepped->decoupled();
    for (size_t s = 0; s < a.slots.size(); ++s) EXPECT_TRUE(at::allclose(a.slots[s][0], b.slots[s][0], 1e-4, 1e-5));
  }
}

TEST(UpdateInStepsTest, EqualsTheFusedKernel) {
  for (bool nesterov : {false, true}) {
    for (bool decoupled : {false, true}) {
      expect_same_in_steps(
          [&] {
            return make_sgd(
                {.lr = 0.1, .momentum = 0.9, .weight_decay = 0.1, .nesterov = nesterov, .decoupled = decoupled});
          },
          0.1);
    }
  }
  expect_same_in_steps([] { return make_sgd({.lr = 0.1, .momentum = 0}); }, 0);
  expect_same_in_steps([] { return make_adamw({.lr = 0.1, .weight_decay = 0.1}); }, 0.1);
  expect_same_in_steps([] { return make_muon({.lr = 0.1, .weight_decay = 0.1}); }, 0.1);
}

}  // namespace
}  // namespace hasten
