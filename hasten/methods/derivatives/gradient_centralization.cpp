// gradient_centralization: g_i <- g_i - mean(g_i) for the gradient g_i of each output filter or row with more than one
// input, before any clipping and before the optimizer sees it.
// Yong, Huang, Hua, Zhang, Gradient centralization: a new optimization technique for deep networks (arXiv:2004.01461).
#include "hasten/methods/derivatives/gradient_centralization.h"

#include <ATen/ops/_foreach_sub.h>

#include <algorithm>
#include <numeric>

#include "hasten/base/error.h"
#include "hasten/core/method.h"
#include "hasten/nn/model.h"

namespace hasten {

// What is taken away of a gradient [n, ...]: [n, 1, ...].
at::Tensor row_means(const at::Tensor& gradient, double amount) {
  std::vector<int64_t> dimensions(static_cast<size_t>(gradient.dim()) - 1);
  std::iota(dimensions.begin(), dimensions.end(), 1);
  return gradient.mean(dimensions, true).mul(amount);
}

// Whether a parameter of this shape is meant: [out, in] or [out, in, height, width] with more than one input to a row.
bool is_centred(at::IntArrayRef shape, CentredLayers layers) {
  if (shape.size() != 4 && (shape.size() != 2 || layers == CentredLayers::kFilters)) return false;
  return std::accumulate(shape.begin() + 1, shape.end(), int64_t{1}, std::multiplies<>()) > 1;
}

namespace {

class GradientCentralization final : public MethodOf<GradientCentralizationParams> {
 public:
  using MethodOf::MethodOf;

  void plan(Plan& plan) override {
    const std::vector<PlacedParameter> all = plan.model.parameters();
    if (std::any_of(all.begin(), all.end(), [&](const auto& p) { return is_centred(p.plan->shape, params_.layers); }))
      return;
    throw ConfigError("method.gradient_centralization.layers", "a model with such layers", "none", "layers = \"all\"");
  }

  void on(Event, State& state) override {
    if (params_.amount == 0) return;
    std::vector<at::Tensor> gradients, means;
    for (const NamedTensor& p : state.model.parameters()) {
      if (!p.value.grad().defined() || !is_centred(p.value.sizes(), params_.layers)) continue;
      gradients.push_back(p.value.grad());
      means.push_back(row_means(p.value.grad(), params_.amount));
    }
    if (!gradients.empty()) at::_foreach_sub_(gradients, means);
  }

  void state(StateVisitor&) override {}  // a function of the gradients
};

}  // namespace

std::unique_ptr<Method> make_gradient_centralization(const GradientCentralizationParams& params) {
  return std::make_unique<GradientCentralization>(params);
}

}  // namespace hasten
