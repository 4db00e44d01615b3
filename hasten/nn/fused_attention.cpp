// Autograd around the kernel. What is counted as work is what LibTorch's fused attention does: scores twice.
#include "hasten/nn/fused_attention.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/record_function.h>
#include <torch/csrc/autograd/custom_function.h>

#include <array>

#include "hasten/base/error.h"
#include "hasten/kernels/attention.h"
#include "hasten/kernels/tiles.h"
#include "hasten/nn/fused.h"
#include "hasten/nn/fused_numbers.h"

namespace hasten {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

kernels::Attention job_of(const at::Tensor& queries, const at::Tensor& keys, const at::Tensor& values, int64_t heads,
                          bool causal) {
  return {queries.size(1), heads, queries.size(2), causal, halves_of(queries), halves_of(keys), halves_of(values)};
}

class AttentionFunction final : public torch::autograd::Function<AttentionFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                            int64_t heads, bool causal) {
    const at::Tensor queries = q.contiguous(), keys = k.contiguous(), values = v.contiguous();
    const std::array<c10::IValue, 3> inputs{queries, keys, values};
    RECORD_FUNCTION("hasten::attention", c10::ArrayRef<const c10::IValue>(inputs.data(), inputs.size()));
    const kernels::Attention job = job_of(queries, keys, values, heads, causal);
    const int64_t all = queries.size(0);
    at::Tensor seen = at::empty({all / heads, job.tokens, heads * job.features}, queries.options()),
               sums = at::empty({all, job.tokens}, queries.options().dtype(at::kFloat));
    at::parallel_for(0, all, 1, [&](int64_t begin, int64_t end) {
      job.forward(mutable_halves_of(seen), sums.mutable_data_ptr<float>(), begin, end);
    });
    context->save_for_backward({queries, keys, values, sums});
    context->saved_data["heads"] = heads;
    context->saved_data["causal"] = causal;
    return seen;
  }

  static variable_list backward(AutogradContext* context, const variable_list& behind) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor dseen = behind[0].contiguous();
    const std::array<c10::IValue, 4> inputs{dseen, saved[0], saved[1], saved[2]};
    RECORD_FUNCTION("hasten::attention_backward", c10::ArrayRef<const c10::IValue>(inputs.data(), inputs.size()));
    const kernels::Attention job = job_of(saved[0], saved[1], saved[2], context->saved_data["heads"].toInt(),
                                          context->saved_data["causal"].toBool());
    variable_list gradients;
    for (int i = 0; i < 3; ++i) gradients.push_back(at::empty_like(saved[i]));
    const kernels::Attention::Gradients out{mutable_halves_of(gradients[0]), mutable_halves_of(gradients[1]),
                                            mutable_halves_of(gradients[2])};
    at::parallel_for(0, saved[0].size(0), 1, [&](int64_t begin, int64_t end) {
      job.backward(halves_of(dseen), saved[3].const_data_ptr<float>(), out, begin, end);
    });
    gradients.resize(gradients.size() + 2);
    return gradients;
  }
};

}  // namespace

bool is_attention_fused(const at::Tensor& queries) {
  // Backward the weights of a head are kept, tokens by tokens.
  constexpr int64_t kLongest = 1024;
  return is_fused(queries) && queries.scalar_type() == at::kBFloat16 && queries.numel() > 0 &&
         queries.size(1) <= kLongest && kernels::tiles::available();
}

at::Tensor fused_attention(const at::Tensor& queries, const at::Tensor& keys, const at::Tensor& values, int64_t heads,
                           bool causal) {
  HASTEN_CHECK(queries.sizes() == keys.sizes() && keys.sizes() == values.sizes() && queries.size(0) % heads == 0,
               "queries, keys and values have one shape, of whole samples");
  return AttentionFunction::apply(queries, keys, values, heads, causal);
}

}  // namespace hasten
