// Muon: momentum, orthogonalised (Jordan, Jin, Boza, You, Cesista, Newhouse, Bernstein 2024).
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/clamp_min.h>
#include <ATen/ops/norm.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <cmath>

#include "hasten/optim/optimizer.h"
#include "hasten/optim/orthogonalised.h"

namespace hasten {
namespace {

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
    std::vector<at::Tensor>& buffers = group.slots[0];
    at::_foreach_mul_(buffers, params_.momentum);
    at::_foreach_add_(buffers, group.gradients);
    const std::vector<at::Tensor> momenta =
        params_.nesterov ? at::_foreach_add(group.gradients, buffers, params_.momentum) : buffers;
    std::vector<double> scales;
    for (const at::Tensor& momentum : momenta) scales.push_back(scale_of(momentum));
    if (params_.scale == MuonScale::kUnitNorm) {
      constexpr double kLeastNorm = 1e-12;  // zeros stay zeros
      for (at::Tensor& parameter : group.parameters) {
        const auto rows = static_cast<double>(parameter.size(0));
        parameter.mul_(parameter.norm().clamp_min(kLeastNorm).reciprocal().mul(std::sqrt(rows)));
      }
    }
    return orthogonalised(momenta, scales, params_.iterations);
  }

  double* scheduled(std::string_view setting) override { return setting == "momentum" ? &params_.momentum : nullptr; }

 private:
  double scale_of(const at::Tensor& filter) const {
    if (params_.scale != MuonScale::kSpectral) return 1;
    const auto rows = static_cast<double>(filter.size(0));
    return std::sqrt(std::max(1.0, rows * rows / static_cast<double>(filter.numel())));
  }

  MuonParams params_;
};

}  // namespace

std::unique_ptr<Optimizer> make_muon(const MuonParams& params) { return std::make_unique<Muon>(params); }

}  // namespace hasten
