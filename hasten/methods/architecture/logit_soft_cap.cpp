// logit_soft_cap: z becomes cap tanh(z / cap), so that no token is predicted with more certainty than the bound allows and
// large logits have small gradients.
// Gemma Team, Gemma 2 (arXiv:2408.00118), after Bello et al. (arXiv:1611.09940).
#include "hasten/methods/architecture/logit_soft_cap.h"

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/core/method.h"
#include "hasten/spec/layers/elementwise.h"

namespace hasten {
namespace {

class LogitSoftCap final : public MethodOf<LogitSoftCapParams> {
 public:
  using MethodOf::MethodOf;

  void plan(Plan& plan) override {
    Block& head = plan.model.blocks.back();
    for (const Layer& layer : head.layers) {
      const SoftCap* cap = layer.kind.as<SoftCap>();
      if (cap == nullptr) continue;
      throw ConfigError("method.logit_soft_cap", "a model whose logits are not bounded",
                        cat("a cap of ", number(cap->cap)), "leave model.soft_cap or the method out");
    }
    head.add("soft_cap", SoftCap{params_.cap});
    plan.model.infer();
  }

  void state(StateVisitor&) override {}  // acts on the plan only
};

}  // namespace

std::unique_ptr<Method> make_logit_soft_cap(const LogitSoftCapParams& params) {
  return std::make_unique<LogitSoftCap>(params);
}

}  // namespace hasten
