// zero_init: what a residual branch ends with starts at zero, so that the untrained network is as deep as its stem and head,
// and each block grows in from nothing. Behind a norm that is its gain, elsewhere the last matrix.
// Goyal et al., Accurate, large minibatch SGD (arXiv:1706.02677); Zhang, Dauphin, Ma, Fixup initialization
// (arXiv:1901.09321).
#include "hasten/methods/parameters/zero_init.h"

#include "hasten/base/error.h"
#include "hasten/core/method.h"
#include "hasten/spec/layers/normalization.h"

namespace hasten {
namespace {

// The weights of the last layer that has any; whether there were some of its own.
bool silence_last(std::vector<Layer>& layers) {
  for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
    if (layer->parameters.empty()) continue;
    for (const char* name : {"output_weight", "weight"}) {
      ParameterPlan* weight = layer->parameter(name);
      if (weight == nullptr || !weight->same_as.empty()) continue;
      weight->init = {};
      return true;
    }
    return false;
  }
  return false;
}

class ZeroInit final : public MethodOf<ZeroInitParams> {
 public:
  using MethodOf::MethodOf;

  void plan(Plan& plan) override {
    bool branches = false;
    for (Block& block : plan.model.blocks) {
      if (block.part == Part::kBody && block.residual) branches = silence_last(block.layers) || branches;
      if (block.part == Part::kHead && params_.output) silence_last(block.layers);
    }
    if (branches) return;
    throw ConfigError("method.zero_init", "residual blocks that end with a weight, or with a norm that has a gain",
                      "none in the model");
  }

  void state(StateVisitor&) override {}  // acts on the plan only
};

}  // namespace

std::unique_ptr<Method> make_zero_init(const ZeroInitParams& params) { return std::make_unique<ZeroInit>(params); }

}  // namespace hasten
