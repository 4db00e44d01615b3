// magnitude_pruning: sparsity s(t) = s_f (1 - (1 - (t - t0) / (t1 - t0))^3) between two shares of the budget; every few
// steps the s(t) smallest weights in absolute value are masked. Masked weights keep their value, get no gradient, and may
// come back at the next choice. Products stay dense, so a step is no faster: what is saved is the size of the model.
// Zhu and Gupta, To prune, or not to prune: exploring the efficacy of pruning for model compression (arXiv:1710.01878).
#include "hasten/methods/parameters/magnitude_pruning.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/topk.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/core/budget.h"
#include "hasten/core/method.h"
#include "hasten/nn/method_seams.h"
#include "hasten/nn/model.h"

namespace hasten {

// The sparsity after a share `fraction` of the budget.
double cubic_sparsity(const MagnitudePruningParams& params, double fraction) {
  const double way = std::clamp((fraction - params.start) / (params.end - params.start), 0.0, 1.0);
  return params.sparsity * (1 - std::pow(1 - way, 3));
}

// 1 for the largest of `values` in absolute value and 0 for round(sparsity n) others; exact also where many are equal,
// as in a layer that starts at zero.
at::Tensor magnitude_mask(const at::Tensor& values, double sparsity) {
  at::Tensor flat = values.abs().reshape(-1);
  const int64_t kept = flat.numel() - std::llround(sparsity * static_cast<double>(flat.numel()));
  at::Tensor largest = std::get<1>(flat.topk(kept, 0, true, false));
  at::Tensor mask = at::zeros_like(flat).index_fill_(0, largest, 1);
  return at::empty_like(values).copy_(mask.reshape(values.sizes()));
}

// Weights of filters and matrices, without those that are made from data, and without the first and last unless `ends`.
std::set<std::string> prunable_weights(const ModelPlan& plan, bool ends) {
  std::vector<std::string> names;
  for (const PlacedParameter& p : plan.parameters()) {
    if (p.plan->role != Role::kFilter && p.plan->role != Role::kMatrix) continue;
    names.push_back(p.plan->init.kind == InitKind::kFromData ? "" : p.name);
  }
  if (!ends && !names.empty()) {
    names.front().clear();
    names.back().clear();
  }
  std::set<std::string> found(names.begin(), names.end());
  found.erase("");
  return found;
}

namespace {

class MagnitudePruning final : public MethodOf<MagnitudePruningParams>, public WeightTransform {
 public:
  using MethodOf::MethodOf;

  void plan(Plan& plan) override {
    const std::string where = "method.magnitude_pruning";
    if (plan.model.opaque) {
      throw ConfigError(where, "a model that is made from a plan, whose weights it can mask",
                        "a module of the program");
    }
    if (params_.start >= params_.end) {
      throw ConfigError(where + ".start", "less than end = " + number(params_.end), number(params_.start));
    }
    prunable_ = prunable_weights(plan.model, params_.first_and_last);
    if (!prunable_.empty()) return;
    throw ConfigError(where + ".first_and_last", "a layer between the first and the last", "none",
                      "a deeper model, or first_and_last = true");
  }

  bool transforms(const PlacedParameter& parameter) const override { return prunable_.contains(parameter.name); }

  at::Tensor transform(const std::string& name, const at::Tensor& value) override {
    auto found = std::find_if(masks_.begin(), masks_.end(), [&](const NamedTensor& mask) { return mask.name == name; });
    if (found == masks_.end()) return value;
    // A mask that was read from a file has another layout, which the product, and so its rounding, would take over.
    if (found->value.strides() != value.strides()) found->value = at::empty_like(value.detach()).copy_(found->value);
    return value.mul(found->value);
  }

  // At the end of a step, so that the weights of the last evaluation are as sparse as asked for.
  void on(Event, State& state) override {
    const double fraction = state.budget.fraction(state.progress);
    const bool last = fraction >= params_.end;
    if (finished_ || fraction < params_.start || (!last && state.progress.step % params_.interval != 0)) return;
    finished_ = last;
    c10::NoGradGuard no_grad;
    choose(state.model, cubic_sparsity(params_, fraction));
  }

  void carry(const PlanChange& change, State& state) override {
    if (masks_.empty()) return;
    std::vector<NamedTensor> fresh;
    for (const NamedTensor& p : weights_of(state.model)) fresh.push_back({p.name, at::ones_like(p.value.detach())});
    masks_ = carried(change, masks_, fresh);
  }

  void state(StateVisitor& visitor) override {
    visit_named(visitor, "mask", masks_);
    visitor.truth("finished", finished_);
  }

 private:
  std::vector<NamedTensor> weights_of(const Model& model) const {
    std::vector<NamedTensor> list;
    for (const NamedTensor& p : model.parameters()) {
      if (prunable_.contains(p.name)) list.push_back(p);
    }
    return list;
  }

  void choose(const Model& model, double sparsity) {
    std::vector<NamedTensor> weights = weights_of(model);
    masks_.clear();
    if (params_.scope == PruningScope::kLayer) {
      for (const NamedTensor& p : weights) masks_.push_back({p.name, magnitude_mask(p.value.detach(), sparsity)});
      return;
    }
    std::vector<at::Tensor> flat;
    for (const NamedTensor& p : weights) flat.push_back(p.value.detach().reshape(-1));
    at::Tensor all = magnitude_mask(at::cat(flat), sparsity);
    int64_t begin = 0;
    for (const NamedTensor& p : weights) {
      at::Tensor part = all.narrow(0, begin, p.value.numel()).reshape(p.value.sizes());
      masks_.push_back({p.name, at::empty_like(p.value.detach()).copy_(part)});
      begin += p.value.numel();
    }
  }

  std::set<std::string> prunable_;  // a function of the plan
  std::vector<NamedTensor> masks_;
  bool finished_ = false;  // the last choice was made
};

}  // namespace

std::unique_ptr<Method> make_magnitude_pruning(const MagnitudePruningParams& params) {
  return std::make_unique<MagnitudePruning>(params);
}

}  // namespace hasten
