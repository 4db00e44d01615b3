// Muon: momentum, orthogonalised (Jordan, Jin, Boza, You, Cesista, Newhouse, Bernstein 2024).
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <cmath>

#include "hasten/optim/optimizer.h"

namespace hasten {
namespace {

at::Tensor as_matrix(const at::Tensor& filter) { return filter.reshape({filter.size(0), -1}); }

class Muon final : public Optimizer {
 public:
  explicit Muon(const MuonParams& params) : params_(params) {}

  std::vector<std::string> slot_names() const override { return {"momentum"}; }

  void prepare(UpdateGroup& group) override {
    group.slots.resize(1);
    for (const at::Tensor& p : group.parameters) group.slots[0].push_back(at::zeros_like(p));
  }

  // No fused kernel: both ways are the same computation.
  void update(UpdateGroup& group) override {
    std::vector<at::Tensor> directions = direction(group);
    if (group.weight_decay > 0) decay(group);
    if (group.rate.defined()) {
      at::_foreach_mul_(directions, group.rate.neg());
      at::_foreach_add_(group.parameters, directions);
    } else {
      at::_foreach_add_(group.parameters, directions, -group.lr);
    }
  }

  // With kUnitNorm the weights are brought back to their norm first.
  std::vector<at::Tensor> direction(UpdateGroup& group) override {
    std::vector<at::Tensor> directions;
    for (size_t i = 0; i < group.parameters.size(); ++i) {
      at::Tensor parameter = group.parameters[i], buffer = group.slots[0][i];
      const at::Tensor& gradient = group.gradients[i];
      buffer.mul_(params_.momentum).add_(gradient);
      at::Tensor momentum = params_.nesterov ? gradient.add(buffer, params_.momentum) : buffer;
      at::Tensor update = orthogonalised(as_matrix(momentum), params_.iterations);
      double rows = static_cast<double>(update.size(0)), columns = static_cast<double>(update.size(1));
      double scale = params_.scale == MuonScale::kSpectral ? std::sqrt(std::max(1.0, rows / columns)) : 1;
      if (params_.scale == MuonScale::kUnitNorm) parameter.mul_(parameter.norm().reciprocal().mul(std::sqrt(rows)));
      directions.push_back(update.reshape(parameter.sizes()).mul(scale));
    }
    return directions;
  }

  double* scheduled(std::string_view setting) override { return setting == "momentum" ? &params_.momentum : nullptr; }

 private:
  MuonParams params_;
};

}  // namespace

at::Tensor orthogonalised(const at::Tensor& matrix, int64_t iterations) {
  // Coefficients of the quintic that grows small singular values fastest while it keeps all near 1.
  constexpr double kA = 3.4445, kB = -4.7750, kC = 2.0315;
  bool tall = matrix.size(0) > matrix.size(1);
  // Normalised in fp32: a norm in bf16 is too coarse for large matrices.
  at::Tensor x = (tall ? matrix.t() : matrix).div(matrix.norm().add(1e-7)).to(at::kBFloat16);
  for (int64_t i = 0; i < iterations; ++i) {
    at::Tensor a = at::mm(x, x.t());
    at::Tensor b = at::addmm(a, a, a, kB, kC);   // kB a + kC a a
    x = at::addmm(x, b, x, kA, 1);               // kA x + b x
  }
  return (tall ? x.t() : x).to(matrix.scalar_type());
}

std::unique_ptr<Optimizer> make_muon(const MuonParams& params) { return std::make_unique<Muon>(params); }

}  // namespace hasten
