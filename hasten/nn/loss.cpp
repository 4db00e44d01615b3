// The loss of each sample.
#include "hasten/nn/loss.h"

#include <ATen/ops/_log_softmax_backward_data.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/custom_function.h>

#include "hasten/base/error.h"

namespace hasten {
namespace {

constexpr int64_t kNoTarget = -100;

// Cross-entropy against classes as one node of the graph instead of three: at small batches most of a step lies between
// operators. logits [rows, classes] fp32, labels [rows], both on the CPU.
class ClassCrossEntropy final : public torch::autograd::Function<ClassCrossEntropy> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& logits,
                            const at::Tensor& labels) {
    const at::Tensor log_probabilities = at::log_softmax(logits, -1).contiguous(), classes_of = labels.contiguous();
    const int64_t rows = logits.size(0), classes = logits.size(1);
    at::Tensor losses = at::empty({rows}, logits.options());
    const float* from = log_probabilities.const_data_ptr<float>();
    const int64_t* label = classes_of.const_data_ptr<int64_t>();
    float* to = losses.mutable_data_ptr<float>();
    bool known = true;
    for (int64_t i = 0; i < rows; ++i) {
      const bool counts = label[i] != kNoTarget;
      known = known && (!counts || (label[i] >= 0 && label[i] < classes));
      to[i] = counts && known ? -from[i * classes + label[i]] : 0;
    }
    HASTEN_CHECK(known, "labels are 0..classes-1");
    context->save_for_backward({log_probabilities, classes_of});
    return losses;
  }

  // The gradient of the log-probabilities is that of the one at each row's class; LibTorch's kernel does the rest, to the
  // bits that it has for targets that are probabilities.
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& behind) {
    HASTEN_CHECK(!c10::GradMode::is_enabled(), "cross-entropy is differentiated once");
    const torch::autograd::variable_list saved = context->get_saved_variables();
    at::Tensor chosen = at::zeros_like(saved[0]);
    const at::Tensor factors = behind[0].contiguous();
    const int64_t rows = chosen.size(0), classes = chosen.size(1);
    const int64_t* label = saved[1].const_data_ptr<int64_t>();
    const float* factor = factors.const_data_ptr<float>();
    float* to = chosen.mutable_data_ptr<float>();
    for (int64_t i = 0; i < rows; ++i) {
      if (label[i] != kNoTarget) to[i * classes + label[i]] = -factor[i];
    }
    return {at::_log_softmax_backward_data(chosen, saved[0], -1, at::kFloat), at::Tensor()};
  }
};

}  // namespace

at::Tensor cross_entropy(const at::Tensor& logits, const at::Tensor& labels, const at::Tensor& targets) {
  const at::Tensor wide = logits.to(at::kFloat);
  at::Tensor each;
  if (targets.defined()) {
    each = at::log_softmax(wide, -1).mul(targets).sum(-1).neg();
  } else {
    const at::Tensor rows = wide.reshape({-1, wide.size(-1)}), classes = labels.reshape({-1});
    each = wide.is_cpu() ? ClassCrossEntropy::apply(rows, classes)
                         : at::cross_entropy_loss(rows, classes, {}, at::Reduction::None);
  }
  return labels.dim() == 1 ? each : each.view(labels.sizes()).mean(1);
}

}  // namespace hasten
