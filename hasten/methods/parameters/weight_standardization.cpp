// weight_standardization: w_hat = gain (w - mean) / sqrt(variance + eps), per output filter, in every pass, divided by
// sqrt(fan-in) unless the scale is "unit". Parameters keep their names and values, so checkpoints, averages and a resumed
// run see the stored weights. Convolutions only; filters that are made from data (whitening) stay as they are.
// Qiao et al., Micro-batch training with batch-channel normalization and weight standardization (arXiv:1903.10520).
#include "hasten/methods/parameters/weight_standardization.h"

#include <ATen/ops/var_mean.h>

#include <cmath>
#include <optional>

#include "hasten/base/error.h"
#include "hasten/core/method.h"
#include "hasten/nn/method_seams.h"
#include "hasten/spec/layers/convolution.h"
#include "hasten/spec/layers/dense.h"
#include "hasten/spec/layers/normalization.h"

namespace hasten {

// filters [n, c, h, w]; the same memory layout comes out.
at::Tensor standardized(const at::Tensor& filters, double epsilon, double gain) {
  auto [variance, mean] = at::var_mean(filters, at::OptionalIntArrayRef({1, 2, 3}), std::optional<at::Scalar>(0), true);
  return filters.sub(mean).mul(variance.add(epsilon).rsqrt().mul(gain));
}

// The first convolution, as "block.layer", between which and the next product nothing normalises; empty if there is none.
std::string first_without_norm(const ModelPlan& plan) {
  std::string waiting;
  auto search = [&](const Block& block, const std::vector<Layer>& layers) {
    waiting.clear();
    for (const Layer& layer : layers) {
      const bool conv = layer.kind.as<Conv2d>() != nullptr;
      if (layer.kind.as<BatchNorm>() != nullptr) waiting.clear();
      if ((conv || layer.kind.as<Linear>() != nullptr) && !waiting.empty()) break;
      if (conv) waiting = block.name + "." + layer.name;
    }
    return !waiting.empty();
  };
  for (const Block& block : plan.blocks) {
    if (search(block, block.layers) || search(block, block.shortcut) || search(block, block.after)) return waiting;
  }
  return "";
}

namespace {

class WeightStandardization final : public MethodOf<WeightStandardizationParams>, public WeightTransform {
 public:
  using MethodOf::MethodOf;

  void plan(Plan& plan) override {
    const std::string where = "method.weight_standardization";
    bool any = false;
    for (const PlacedParameter& p : plan.model.parameters()) any = any || transforms(p);
    if (!any || plan.model.opaque) {
      throw ConfigError(where, "a planned model with convolutions",
                        plan.model.opaque ? "a module of the program" : "none");
    }
    if (params_.scale != FilterScale::kUnit) return;
    const std::string bare = first_without_norm(plan.model);
    if (bare.empty()) return;
    throw ConfigError(where + ".scale", "normalization behind every convolution", "none behind " + bare,
                      "filters of variance 1 enlarge what passes by the root of the fan-in: scale = \"fan_in\"");
  }

  // Not by whether it is trained: a layer that is frozen during the run must go on as it was. A filter of one weight has
  // no variance.
  bool transforms(const PlacedParameter& p) const override {
    return p.plan->role == Role::kFilter && p.plan->init.kind != InitKind::kFromData && p.plan->fan_in > 1;
  }

  at::Tensor transform(const std::string&, const at::Tensor& value) override {
    const auto fan_in = static_cast<double>(value.numel() / value.size(0));
    return standardized(value, params_.epsilon,
                        params_.scale == FilterScale::kUnit ? params_.gain : params_.gain / std::sqrt(fan_in));
  }

  void state(StateVisitor&) override {}  // a function of its settings
};

}  // namespace

std::unique_ptr<Method> make_weight_standardization(const WeightStandardizationParams& params) {
  return std::make_unique<WeightStandardization>(params);
}

}  // namespace hasten
