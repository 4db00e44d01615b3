// sam: w <- w + rho g / |g|, a second pass there, back to w, and the update takes the second gradient. The second pass is
// an extra one: running statistics move once a step, as without the method, and both passes see the same batch through
// the same dropout masks, so that they differ by the step alone. The gradient is that of the whole batch.
// Foret, Kleiner, Mobahi, Neyshabur, Sharpness-aware minimization (arXiv:2010.01412).
#include "hasten/methods/algorithm/sam.h"

#include <ATen/ops/_foreach_abs.h>
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/_foreach_sub.h>
#include <ATen/ops/stack.h>
#include <c10/core/GradMode.h>

#include "hasten/core/forward_backward.h"
#include "hasten/core/method.h"
#include "hasten/nn/extra_pass.h"
#include "hasten/nn/model.h"

namespace hasten {

// The step up for each weight: rho g / |g|, or rho w^2 g / |w g| if adaptive. Norms are over all tensors together.
std::vector<at::Tensor> step_up(const std::vector<at::Tensor>& weights, const std::vector<at::Tensor>& gradients,
                                double rho, bool adaptive) {
  std::vector<at::Tensor> scaled = gradients;
  if (adaptive) scaled = at::_foreach_mul(at::_foreach_abs(weights), gradients);
  at::Tensor norm = at::stack(at::_foreach_norm(scaled)).norm();
  std::vector<at::Tensor> step = adaptive ? at::_foreach_mul(at::_foreach_abs(weights), scaled) : scaled;
  return at::_foreach_mul(step, norm.add(1e-12).reciprocal().mul(rho));
}

namespace {

class Sam final : public MethodOf<SamParams>, public ForwardBackward {
 public:
  using MethodOf::MethodOf;

  at::Tensor compute(State& state, GradientPass& pass) override {
    const at::Tensor random = random_state();
    at::Tensor loss = pass.run(false);
    if (!perturbs(state)) return loss;
    std::vector<at::Tensor> weights, gradients;
    for (const NamedTensor& entry : state.model.parameters()) {
      if (!entry.value.grad().defined()) continue;
      weights.push_back(entry.value.detach());
      gradients.push_back(entry.value.grad());
    }
    std::vector<at::Tensor> kept, step = step_up(weights, gradients, params_.rho, params_.adaptive);
    for (const at::Tensor& weight : weights) kept.push_back(weight.clone());
    at::_foreach_add_(weights, step);
    state.model.clear_gradients();
    const at::Tensor drawn = random_state();
    set_random_state(random);
    pass.run(true);
    set_random_state(drawn);
    // Copied back: adding and taking away would leave rounding behind.
    for (size_t i = 0; i < weights.size(); ++i) weights[i].copy_(kept[i]);
    return loss;
  }

  uint64_t work(const State& state) const override { return perturbs(state) ? 1 : 0; }

  void cost(const Plan&, CostEstimate& estimate) const override {
    const double passes = params_.rho > 0 ? 1 + 1 / static_cast<double>(params_.interval) : 1;
    estimate.forward *= passes;
    estimate.backward *= passes;
    estimate.forward_passes *= passes;
    estimate.backward_passes *= passes;
  }

  void state(StateVisitor&) override {}  // a function of the step

 private:
  bool perturbs(const State& state) const { return params_.rho > 0 && state.progress.step % params_.interval == 0; }
};

}  // namespace

std::unique_ptr<Method> make_sam(const SamParams& params) { return std::make_unique<Sam>(params); }

}  // namespace hasten
