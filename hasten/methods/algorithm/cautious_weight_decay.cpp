// cautious_weight_decay: w <- w - lr (u + m wd w), m = 1 where u w > 0 and `opposed` (0) elsewhere: decay never undoes
// what the update does, so that it does not pull the run away from the optimum of its own loss.
// Chen et al., Cautious weight decay (arXiv:2510.12402); in the speed-runs of GPT-2 since 2025.
#include "hasten/methods/algorithm/cautious_weight_decay.h"

#include <ATen/ops/_foreach_mul.h>

#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/core/method.h"
#include "hasten/optim/optimizer.h"

namespace hasten {

// The factor of each entry's decay: 1 where direction and weight have the same sign, else `opposed`.
std::vector<at::Tensor> decay_factors(const std::vector<at::Tensor>& direction, const std::vector<at::Tensor>& weights,
                                      double opposed) {
  std::vector<at::Tensor> factors = at::_foreach_mul(direction, weights);
  for (size_t i = 0; i < factors.size(); ++i) {
    factors[i] = factors[i].gt(0).to(weights[i].scalar_type()).mul_(1 - opposed).add_(opposed);
  }
  return factors;
}

namespace {

// Whether some parameter's decay is apart from its gradient.
bool has_decoupled_decay(const Plan& plan) {
  for (const ParameterGroup& group : parameter_groups(plan)) {
    const OptimizerChoice& optimizer = plan.run.optimizers[group.optimizer];
    const bool choice = optimizer.spec->params->find("decoupled") != nullptr;
    if (group.weight_decay > 0 && (!choice || optimizer.params.get("decoupled").get<bool>())) return true;
  }
  return false;
}

class CautiousWeightDecay final : public MethodOf<CautiousWeightDecayParams>, public UpdateTransform {
 public:
  using MethodOf::MethodOf;

  void plan(Plan& plan) override {
    if (has_decoupled_decay(plan)) return;
    throw ConfigError("method.cautious_weight_decay", "a parameter with decoupled weight decay", "none",
                      "set optimizer.weight_decay, and for sgd optimizer.decoupled = true");
  }

  void transform(Update& update, const State&) override {
    if (update.decay.empty()) return;
    at::_foreach_mul_(update.decay, decay_factors(update.direction, update.group.parameters, params_.opposed));
  }

  void state(StateVisitor&) override {}  // a function of the update
};

}  // namespace

std::unique_ptr<Method> make_cautious_weight_decay(const CautiousWeightDecayParams& params) {
  return std::make_unique<CautiousWeightDecay>(params);
}

}  // namespace hasten
