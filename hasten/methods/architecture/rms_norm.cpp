// rms_norm: x / sqrt(mean(x^2) + epsilon), times a gain if there is one, in the place of layer norms.
// Zhang and Sennrich, Root mean square layer normalization (arXiv:1910.07467).
#include "hasten/methods/architecture/rms_norm.h"

#include "hasten/core/method.h"
#include "hasten/spec/layers/normalization.h"

namespace hasten {
namespace {

class RmsNorm final : public MethodOf<RmsNormParams> {
 public:
  using MethodOf::MethodOf;

  void plan(Plan& plan) override {
    plan.model.each_layer([&](Block&, Layer& layer) {
      FeatureNorm* norm = layer.kind.as<FeatureNorm>();
      if (norm == nullptr) return;
      norm->root_mean_square = true;
      norm->shift = false;
      norm->scale = norm->scale && params_.gain;
    });
    plan.model.infer();
  }

  void state(StateVisitor&) override {}  // acts on the plan only
};

}  // namespace

std::unique_ptr<Method> make_rms_norm(const RmsNormParams& params) { return std::make_unique<RmsNorm>(params); }

}  // namespace hasten
