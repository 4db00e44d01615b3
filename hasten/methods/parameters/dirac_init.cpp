// dirac_init: hidden convolutions start as identities on their first channels, so that signal and gradient pass
// through the untrained network unharmed, as through the shortcuts of a residual network.
// Zagoruyko and Komodakis, DiracNets (arXiv:1706.00388); partial identities as in K. Jordan (arXiv:2404.00498).
#include "hasten/methods/parameters/dirac_init.h"

#include "hasten/core/method.h"
#include "hasten/spec/layers/convolution.h"

namespace hasten {
namespace {

class DiracInit final : public MethodOf<DiracInitParams> {
 public:
  using MethodOf::MethodOf;

  void plan(Plan& plan) override {
    plan.model.each_layer([](Block& block, Layer& layer) {
      // A residual block has its shortcut; a stem sees raw pixels, which no channel could copy in a useful way.
      const Conv2d* conv = layer.kind.as<Conv2d>();
      if (conv == nullptr || block.part != Part::kBody || block.residual || conv->groups != 1) return;
      layer.parameter("weight")->init = {InitKind::kDirac, 0};
    });
  }

  void state(StateVisitor&) override {}  // acts on the plan only
};

}  // namespace

std::unique_ptr<Method> make_dirac_init(const DiracInitParams& params) { return std::make_unique<DiracInit>(params); }

}  // namespace hasten
