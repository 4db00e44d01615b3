// Autograd around LibTorch's products.
#include "hasten/nn/fused_linear.h"

#include <ATen/ops/addmm.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/threshold_backward.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <optional>

#include "hasten/base/error.h"
#include "hasten/nn/fused.h"

namespace hasten {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

enum Input : size_t { kX, kWeight, kBias, kInputs };

class LinearFunction final : public torch::autograd::Function<LinearFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const std::optional<at::Tensor>& bias, bool relu) {
    at::Tensor y = bias ? at::addmm(*bias, x, weight.t()) : at::mm(x, weight.t());
    if (relu) y.relu_();
    // Of max(., 0) the output tells where it was the input.
    context->save_for_backward({x, weight, relu ? y : at::Tensor()});
    context->saved_data["has_bias"] = bias.has_value();
    return y;
  }

  static variable_list backward(AutogradContext* context, const variable_list& behind) {
    HASTEN_CHECK(!c10::GradMode::is_enabled(), "products are differentiated once");
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], &y = saved[2];
    const at::Tensor dy = y.defined() ? at::threshold_backward(behind[0], y, 0) : behind[0];
    variable_list gradients(kInputs + 1);
    if (context->needs_input_grad(kX)) gradients[kX] = dy.mm(weight);
    if (context->needs_input_grad(kWeight)) gradients[kWeight] = dy.t().mm(x);
    const bool has_bias = context->saved_data["has_bias"].toBool();
    if (has_bias && context->needs_input_grad(kBias)) gradients[kBias] = dy.sum(0);
    return gradients;
  }
};

}  // namespace

bool is_linear_fused(const at::Tensor& x) {
  return is_fused(x) && x.dim() == 2 && x.scalar_type() == at::kFloat && format_of_products(x) == at::kFloat;
}

at::Tensor fused_linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, bool relu) {
  return LinearFunction::apply(x, weight, bias.defined() ? std::optional(bias) : std::nullopt, relu);
}

}  // namespace hasten
