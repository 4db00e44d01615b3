// value_residual: in every layer of attention but the first, values are a v_1 + b v, with a and b learned from 1/2 each, so that
// what a token says of itself at the bottom reaches the top undiluted.
// Zhou et al., Value residual learning (arXiv:2410.17897); modded-nanogpt, record 9.
#include "hasten/methods/architecture/value_residual.h"

#include "hasten/base/error.h"
#include "hasten/core/method.h"
#include "hasten/spec/layers/attention.h"

namespace hasten {
namespace {

class ValueResidual final : public MethodOf<ValueResidualParams> {
 public:
  using MethodOf::MethodOf;

  void plan(Plan& plan) override {
    int64_t layers = 0;
    plan.model.each_layer([&](Block&, Layer& layer) {
      SelfAttention* attention = layer.kind.as<SelfAttention>();
      if (attention == nullptr) return;
      attention->value_residual = layers++ == 0 ? ValueMixing::kSource : ValueMixing::kMixed;
    });
    if (layers < 2) {
      throw ConfigError("method.value_residual", "a model with two layers of attention or more", std::to_string(layers),
                        "model.layers = 2");
    }
    plan.model.infer();
  }

  void state(StateVisitor&) override {}  // acts on the plan only
};

}  // namespace

std::unique_ptr<Method> make_value_residual(const ValueResidualParams& params) {
  return std::make_unique<ValueResidual>(params);
}

}  // namespace hasten
