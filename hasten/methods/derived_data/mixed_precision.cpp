// mixed_precision: convolutions and matrix products in bfloat16; master weights, optimizer and losses in fp32.
// bfloat16 has the exponent of fp32, so no loss scaling is needed.
// Micikevicius et al. (arXiv:1710.03740); Kalamkar et al., A study of BFLOAT16 (arXiv:1905.12322).
#include "hasten/methods/derived_data/mixed_precision.h"

#include "hasten/core/method.h"

namespace hasten {
namespace {

class MixedPrecision final : public MethodOf<MixedPrecisionParams> {
 public:
  using MethodOf::MethodOf;
  void plan(Plan& plan) override { plan.run.precision.compute = params_.compute; }
  void state(StateVisitor&) override {}  // acts on the plan only
};

}  // namespace

std::unique_ptr<Method> make_mixed_precision(const MixedPrecisionParams& params) {
  return std::make_unique<MixedPrecision>(params);
}

}  // namespace hasten
