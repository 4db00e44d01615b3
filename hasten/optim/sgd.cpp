// Gradient descent with momentum on LibTorch's fused kernel.
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_fused_sgd.h>
#include <ATen/ops/zeros_like.h>

#include "hasten/optim/optimizer.h"

namespace hasten {
namespace {

class Sgd final : public Optimizer {
 public:
  explicit Sgd(const SgdParams& params) : params_(params) {}

  // The buffer is there even while momentum is 0, since a schedule may raise it.
  std::vector<std::string> slot_names() const override { return {"momentum"}; }

  void prepare(UpdateGroup& group) override {
    group.slots.resize(1);
    for (const at::Tensor& p : group.parameters) group.slots[0].push_back(at::zeros_like(p));
  }

  void update(UpdateGroup& group) override {
    double coupled = params_.decoupled ? 0 : group.weight_decay;
    if (params_.decoupled && group.weight_decay > 0) decay(group);
    // A zero buffer makes the first step equal to the others, so there is no first-step flag to save.
    // The kernel refuses buffers when there is no momentum.
    at::TensorList buffers = params_.momentum > 0 ? at::TensorList(group.slots[0]) : at::TensorList();
    const auto fused = [&](const auto& lr) {
      at::_fused_sgd_(group.parameters, group.gradients, buffers, coupled, params_.momentum, lr, /*dampening=*/0,
                      params_.nesterov && params_.momentum > 0, /*maximize=*/false, /*is_first_step=*/false);
    };
    group.rate.defined() ? fused(group.rate) : fused(group.lr);
  }

  std::vector<at::Tensor> direction(UpdateGroup& group) override {
    std::vector<at::Tensor> gradients = group.gradients;
    if (!params_.decoupled && group.weight_decay > 0)
      gradients = at::_foreach_add(gradients, group.parameters, group.weight_decay);
    if (params_.momentum <= 0) return gradients;
    at::_foreach_mul_(group.slots[0], params_.momentum);
    at::_foreach_add_(group.slots[0], gradients);
    if (params_.nesterov) return at::_foreach_add(gradients, group.slots[0], params_.momentum);
    std::vector<at::Tensor> directions;
    for (const at::Tensor& buffer : group.slots[0]) directions.push_back(buffer.clone());
    return directions;
  }

  bool decoupled() const override { return params_.decoupled; }

  double* scheduled(std::string_view setting) override { return setting == "momentum" ? &params_.momentum : nullptr; }

 private:
  SgdParams params_;
};

}  // namespace

std::unique_ptr<Optimizer> make_sgd(const SgdParams& params) { return std::make_unique<Sgd>(params); }

}  // namespace hasten
