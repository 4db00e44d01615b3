// gradient_clipping: norm: g <- g min(1, c / |g|) with the norm over all parameters; value: every element into [-c, c];
// adaptive: for each unit (row, filter, or whole vector) g <- g min(1, c max(|w|, eps) / |g|), without the head by default.
// Factors stay tensors, so nothing waits for the device.
// Pascanu, Mikolov, Bengio, On the difficulty of training recurrent networks (arXiv:1211.5063); adaptive: Brock, De, Smith,
// Simonyan, High-performance large-scale image recognition without normalization (arXiv:2102.06171).
#include "hasten/methods/derivatives/gradient_clipping.h"

#include <ATen/ops/_foreach_clamp_max.h>
#include <ATen/ops/_foreach_clamp_min.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/stack.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "hasten/base/error.h"
#include "hasten/core/method.h"
#include "hasten/nn/model.h"

namespace hasten {

// In place; a gradient of norm zero stays.
void clip_norm(const std::vector<at::Tensor>& gradients, double threshold) {
  at::Tensor norm = at::stack(at::_foreach_norm(gradients)).norm();
  at::_foreach_mul_(gradients, norm.reciprocal().mul(threshold).clamp_max(1));
}

void clip_value(const std::vector<at::Tensor>& gradients, double threshold) {
  at::_foreach_clamp_min_(gradients, -threshold);
  at::_foreach_clamp_max_(gradients, threshold);
}

// Of each unit: [n, 1, ...] for weights [n, ...], [1] for vectors.
at::Tensor unit_norm(const at::Tensor& tensor) {
  if (tensor.dim() < 2) return at::linalg_vector_norm(tensor, 2, at::OptionalIntArrayRef(), true);
  std::vector<int64_t> dimensions(static_cast<size_t>(tensor.dim()) - 1);
  std::iota(dimensions.begin(), dimensions.end(), 1);
  return at::linalg_vector_norm(tensor, 2, at::OptionalIntArrayRef(dimensions), true);
}

void clip_adaptive(const at::Tensor& gradient, const at::Tensor& weight, double threshold, double epsilon) {
  at::Tensor largest = unit_norm(weight).clamp_min(epsilon).mul(threshold);
  gradient.mul_(largest.div(unit_norm(gradient)).clamp_max(1));
}

namespace {

class GradientClipping final : public MethodOf<GradientClippingParams> {
 public:
  using MethodOf::MethodOf;

  void plan(Plan& plan) override {
    skipped_.clear();
    known_ = nullptr;
    if (params_.mode != ClippingMode::kAdaptive || params_.head) return;
    bool left = false;
    for (const PlacedParameter& p : plan.model.parameters()) {
      if (p.part == Part::kHead) skipped_.insert(p.name);
      else left = left || p.plan->trainable;
    }
    if (left) return;
    throw ConfigError("method.gradient_clipping.head", "trained parameters outside of the head", "none",
                      "head = true clips the head too");
  }

  void on(Event, State& state) override {
    find(state.model);
    std::vector<at::Tensor> gradients, weights;
    for (const at::Tensor& parameter : clipped_) {
      if (!parameter.grad().defined()) continue;  // a branch that was left out
      gradients.push_back(parameter.grad());
      weights.push_back(parameter.detach());
    }
    if (gradients.empty()) return;
    switch (params_.mode) {
      case ClippingMode::kNorm: return clip_norm(gradients, params_.threshold);
      case ClippingMode::kValue: return clip_value(gradients, params_.threshold);
      case ClippingMode::kAdaptive: break;
    }
    for (size_t i = 0; i < gradients.size(); ++i)
      clip_adaptive(gradients[i], weights[i], params_.threshold, params_.epsilon);
  }

  void state(StateVisitor&) override {}  // a function of the gradients

 private:
  // Once for every plan, so that no step looks at names.
  void find(const Model& model) {
    if (known_ == &model) return;
    known_ = &model;
    clipped_.clear();
    for (const NamedTensor& p : model.parameters()) {
      if (p.value.requires_grad() && !skipped_.contains(p.name)) clipped_.push_back(p.value);
    }
  }

  std::set<std::string> skipped_;  // parameters of the head
  std::vector<at::Tensor> clipped_;  // the others of the model
  const Model* known_ = nullptr;  // whose they are
};

}  // namespace

std::unique_ptr<Method> make_gradient_clipping(const GradientClippingParams& params) {
  return std::make_unique<GradientClipping>(params);
}

}  // namespace hasten
