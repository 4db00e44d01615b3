// Muon: momentum, orthogonalised (Jordan, Jin, Boza, You, Cesista, Newhouse, Bernstein 2024).
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/baddbmm.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/norm.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

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

  // With kUnitNorm the weights are brought back to their norm first. Matrices of one shape are orthogonalised together:
  // a product of many small matrices takes little longer than one of them.
  std::vector<at::Tensor> direction(UpdateGroup& group) override {
    std::vector<at::Tensor>& buffers = group.slots[0];
    at::_foreach_mul_(buffers, params_.momentum);
    at::_foreach_add_(buffers, group.gradients);
    const std::vector<at::Tensor> momenta =
        params_.nesterov ? at::_foreach_add(group.gradients, buffers, params_.momentum) : buffers;
    std::map<std::pair<int64_t, int64_t>, std::vector<size_t>> shapes;
    for (size_t i = 0; i < momenta.size(); ++i) {
      const int64_t rows = momenta[i].size(0);
      shapes[{rows, momenta[i].numel() / rows}].push_back(i);
    }
    std::vector<at::Tensor> directions(momenta.size());
    for (const auto& [shape, members] : shapes) {
      std::vector<at::Tensor> matrices;
      for (const size_t i : members) matrices.push_back(as_matrix(momenta[i]));
      const double scale = scale_of(shape.first, shape.second);
      at::Tensor together = members.size() == 1 ? orthogonalised(matrices[0], params_.iterations).unsqueeze(0)
                                                : orthogonalised(at::stack(matrices), params_.iterations);
      if (scale != 1) together = together.mul(scale);
      for (size_t k = 0; k < members.size(); ++k) {
        const at::Tensor& parameter = group.parameters[members[k]];
        directions[members[k]] = together[static_cast<int64_t>(k)].reshape(parameter.sizes());
        if (params_.scale != MuonScale::kUnitNorm) continue;
        parameter.mul_(parameter.norm().reciprocal().mul(std::sqrt(static_cast<double>(shape.first))));
      }
    }
    return directions;
  }

  double* scheduled(std::string_view setting) override { return setting == "momentum" ? &params_.momentum : nullptr; }

 private:
  double scale_of(int64_t rows, int64_t columns) const {
    if (params_.scale != MuonScale::kSpectral) return 1;
    return std::sqrt(std::max(1.0, static_cast<double>(rows) / static_cast<double>(columns)));
  }

  MuonParams params_;
};

}  // namespace

at::Tensor orthogonalised(const at::Tensor& matrix, int64_t iterations) {
  // Coefficients of the quintic that grows small singular values fastest while it keeps all near 1.
  constexpr double kA = 3.4445, kB = -4.7750, kC = 2.0315;
  const bool stack = matrix.dim() == 3, tall = matrix.size(-2) > matrix.size(-1);
  const at::Tensor norm = stack ? matrix.flatten(1).norm(2, {1}).view({-1, 1, 1}) : matrix.norm();
  // Normalised in fp32: a norm in bf16 is too coarse for large matrices.
  at::Tensor x = (tall ? matrix.transpose(-2, -1) : matrix).div(norm.add(1e-7)).to(at::kBFloat16);
  for (int64_t i = 0; i < iterations; ++i) {
    const at::Tensor a = at::matmul(x, x.transpose(-2, -1));
    // kB a + kC a a, then kA x + b x.
    const at::Tensor b = stack ? at::baddbmm(a, a, a, kB, kC) : at::addmm(a, a, a, kB, kC);
    x = stack ? at::baddbmm(x, b, x, kA, 1) : at::addmm(x, b, x, kA, 1);
  }
  return (tall ? x.transpose(-2, -1) : x).to(matrix.scalar_type());
}

std::unique_ptr<Optimizer> make_muon(const MuonParams& params) { return std::make_unique<Muon>(params); }

}  // namespace hasten
