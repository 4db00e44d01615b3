// Adam with decoupled weight decay on LibTorch's fused kernel.
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_addcmul.h>
#include <ATen/ops/_foreach_lerp.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include "hasten/optim/optimizer.h"

namespace hasten {
namespace {

class AdamW final : public Optimizer {
 public:
  explicit AdamW(const AdamWParams& params) : params_(params) {}

  std::vector<std::string> slot_names() const override { return {"mean", "mean_square", "step"}; }

  void prepare(UpdateGroup& group) override {
    group.slots.resize(3);
    for (const at::Tensor& p : group.parameters) {
      group.slots[0].push_back(at::zeros_like(p));
      group.slots[1].push_back(at::zeros_like(p));
      group.slots[2].push_back(at::zeros({}, p.options().dtype(at::kFloat)));
    }
  }

  void update(UpdateGroup& group) override {
    at::_foreach_add_(group.slots[2], 1);
    const auto fused = [&](const auto& lr) {
      at::_fused_adamw_(group.parameters, group.gradients, group.slots[0], group.slots[1], /*max_exp_avg_sqs=*/{},
                        group.slots[2], lr, params_.beta1, params_.beta2, group.weight_decay, params_.epsilon,
                        /*amsgrad=*/false, /*maximize=*/false);
    };
    group.rate.defined() ? fused(group.rate) : fused(group.lr);
  }

  std::vector<at::Tensor> direction(UpdateGroup& group) override {
    at::_foreach_add_(group.slots[2], 1);
    at::_foreach_lerp_(group.slots[0], group.gradients, 1 - params_.beta1);
    at::_foreach_mul_(group.slots[1], params_.beta2);
    at::_foreach_addcmul_(group.slots[1], group.gradients, group.gradients, 1 - params_.beta2);
    std::vector<at::Tensor> directions;
    for (size_t i = 0; i < group.parameters.size(); ++i) {
      // The step is a tensor so that nothing waits for it.
      at::Tensor mean_correction = at::pow(params_.beta1, group.slots[2][i]).neg().add(1);
      at::Tensor square_correction = at::pow(params_.beta2, group.slots[2][i]).neg().add(1);
      at::Tensor root = group.slots[1][i].div(square_correction).sqrt().add(params_.epsilon);
      directions.push_back(group.slots[0][i].div(mean_correction).div(root));
    }
    return directions;
  }

  double* scheduled(std::string_view setting) override {
    if (setting == "beta1") return &params_.beta1;
    if (setting == "beta2") return &params_.beta2;
    return setting == "epsilon" ? &params_.epsilon : nullptr;
  }

 private:
  AdamWParams params_;
};

}  // namespace

std::unique_ptr<Optimizer> make_adamw(const AdamWParams& params) { return std::make_unique<AdamW>(params); }

}  // namespace hasten
