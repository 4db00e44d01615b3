// qk_norm: the features of each head's queries and keys are divided by their root mean square before they are compared.
// Henry, Dachapally, Pawar, Chen, Query-key normalization (arXiv:2010.04245).
#include "hasten/methods/architecture/qk_norm.h"

#include "hasten/core/method.h"
#include "hasten/spec/layers/attention.h"

namespace hasten {
namespace {

class QkNorm final : public MethodOf<QkNormParams> {
 public:
  using MethodOf::MethodOf;

  void plan(Plan& plan) override {
    plan.model.each_layer([](Block&, Layer& layer) {
      if (SelfAttention* attention = layer.kind.as<SelfAttention>()) attention->qk_norm = true;
    });
  }

  void state(StateVisitor&) override {}  // acts on the plan only
};

}  // namespace

std::unique_ptr<Method> make_qk_norm(const QkNormParams& params) { return std::make_unique<QkNorm>(params); }

}  // namespace hasten
