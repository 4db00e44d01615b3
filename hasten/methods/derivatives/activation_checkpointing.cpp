// activation_checkpointing: a block is run without a graph and only its input is kept; in the backward pass it is run once
// more, with a graph, from the same random state, in the same number format, and without moving running statistics again.
// So gradients are those of the plain pass, bit for bit, for one more forward pass of the block. The last block is never
// taken: its activations are needed at once.
// Chen, Xu, Zhang, Guestrin, Training deep nets with sublinear memory cost (arXiv:1604.06174).
#include "hasten/methods/derivatives/activation_checkpointing.h"

#include <ATen/autocast_mode.h>
#include <ATen/ops/empty.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/core/method.h"
#include "hasten/nn/autocast.h"
#include "hasten/nn/extra_pass.h"
#include "hasten/nn/method_seams.h"

namespace hasten {
namespace {

// What the backward pass needs to run the block again.
struct KeptBlock final : torch::CustomClassHolder {
  BlockFunction inner;
  PassMode mode;
  at::Tensor random;
  bool autocast = false, input_gradient = false;
};

class Recompute final : public torch::autograd::Function<Recompute> {
 public:
  // `anchor` needs a gradient, so that backward is called for the parameters' sake also when `x` needs none.
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x,
                            const at::Tensor& /*anchor*/, const c10::intrusive_ptr<KeptBlock>& block) {
    context->save_for_backward({x});
    context->saved_data["block"] = c10::IValue::make_capsule(block);
    return block->inner(x, block->mode);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    auto block = c10::static_intrusive_pointer_cast<KeptBlock>(context->saved_data["block"].toCapsule());
    at::Tensor x = context->get_saved_variables()[0].detach().requires_grad_(block->input_gradient), y;
    const at::Tensor random = random_state();
    {
      at::AutoGradMode graph(true);
      PrecisionScope precision(block->autocast ? Compute::kBf16 : Compute::kFp32);
      set_random_state(block->random);
      PassMode mode = block->mode;
      mode.statistics = Statistics::kKeep;
      y = block->inner(x, mode);
    }
    set_random_state(random);
    torch::autograd::backward({y}, {gradients[0]});
    return {x.grad(), at::Tensor(), at::Tensor()};
  }
};

}  // namespace

// The block's output, with a graph that computes it again.
at::Tensor checkpointed(const BlockFunction& inner, const at::Tensor& x, const PassMode& mode) {
  if (!c10::GradMode::is_enabled()) return inner(x, mode);  // nothing would be kept
  auto block = c10::make_intrusive<KeptBlock>();
  block->inner = inner;
  block->mode = mode;
  block->random = random_state();
  block->autocast = at::autocast::is_autocast_enabled(at::kCPU);
  block->input_gradient = x.requires_grad();
  return Recompute::apply(x, at::empty({0}).requires_grad_(), block);
}

// Whether block `index` is taken: chosen, not the last, trained, and with something trained in or before it.
bool is_checkpointed(const ActivationCheckpointingParams& params, const ModelPlan& plan, size_t index) {
  if (index + 1 >= plan.blocks.size() || plan.blocks[index].frozen) return false;
  const auto number = static_cast<int64_t>(index) + 1;
  const bool chosen = params.blocks.empty()
                          ? (number - 1) % params.every == 0
                          : std::find(params.blocks.begin(), params.blocks.end(), number) != params.blocks.end();
  if (!chosen) return false;
  auto trains = [](const Layer& layer) {
    return std::any_of(layer.parameters.begin(), layer.parameters.end(), [](const auto& p) { return p.trainable; });
  };
  for (size_t i = 0; i <= index; ++i) {
    const Block& block = plan.blocks[i];
    for (const auto* layers : {&block.layers, &block.shortcut, &block.after}) {
      if (std::any_of(layers->begin(), layers->end(), trains)) return true;
    }
  }
  return false;
}

namespace {

class ActivationCheckpointing final : public MethodOf<ActivationCheckpointingParams>, public BlockWrapper {
 public:
  using MethodOf::MethodOf;

  void plan(Plan& plan) override {
    const std::string where = "method.activation_checkpointing";
    const auto count = static_cast<int64_t>(plan.model.blocks.size());
    if (plan.model.opaque || count < 2) {
      throw ConfigError(where, "a planned model of at least two blocks",
                        plan.model.opaque ? "a module of the program" : "one block");
    }
    for (int64_t block : params_.blocks) {
      if (block < count) continue;
      throw ConfigError(where + ".blocks", cat("numbers from 1 to ", count - 1), std::to_string(block),
                        "the last block is needed at once in the backward pass");
    }
  }

  bool wraps(const ModelPlan& plan, size_t index, BlockScope scope) const override {
    return scope == BlockScope::kWhole && is_checkpointed(params_, plan, index);
  }

  at::Tensor run(size_t, const at::Tensor& x, const PassMode& mode, const BlockFunction& inner, const State&) override {
    return checkpointed(inner, x, mode);
  }

  // The forward pass of the chosen blocks is part of the backward pass once more.
  void cost(const Plan& plan, CostEstimate& estimate) const override {
    double again = 0;
    for (size_t i = 0; i < plan.model.blocks.size(); ++i) {
      if (is_checkpointed(params_, plan.model, i)) again += plan.model.block_flops(i).forward;
    }
    const double share = again / plan.model.flops().forward;
    estimate.backward += estimate.forward * share;
    estimate.forward_passes += share;
  }

  void state(StateVisitor&) override {}  // nothing outlives a step
};

}  // namespace

std::unique_ptr<Method> make_activation_checkpointing(const ActivationCheckpointingParams& params) {
  return std::make_unique<ActivationCheckpointing>(params);
}

}  // namespace hasten
