// relu_squared: max(x, 0)^2 in the place of the activation of a transformer's small networks, gated or not. Cheaper than
// GELU, and ahead of it at equal steps.
// So, Manke, Liu, Dai, Shazeer, Le, Primer (arXiv:2109.08668).
#include "hasten/methods/architecture/relu_squared.h"

#include "hasten/core/method.h"
#include "hasten/spec/layers/elementwise.h"

namespace hasten {
namespace {

class ReluSquared final : public MethodOf<ReluSquaredParams> {
 public:
  using MethodOf::MethodOf;

  void plan(Plan& plan) override {
    plan.model.each_layer([](Block& block, Layer& layer) {
      if (block.part != Part::kBody) return;
      if (Activation* activation = layer.kind.as<Activation>()) activation->function = ActivationKind::kReluSquared;
      if (Gate* gate = layer.kind.as<Gate>()) gate->function = ActivationKind::kReluSquared;
    });
  }

  void state(StateVisitor&) override {}  // acts on the plan only
};

}  // namespace

std::unique_ptr<Method> make_relu_squared(const ReluSquaredParams& params) {
  return std::make_unique<ReluSquared>(params);
}

}  // namespace hasten
