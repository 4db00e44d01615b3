// Autograd around the kernels.
#include "hasten/nn/fused.h"

#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <optional>

#include "hasten/base/error.h"
#include "hasten/kernels/attention_heads.h"
#include "hasten/kernels/elementwise.h"
#include "hasten/kernels/feature_norm.h"
#include "hasten/nn/fused_numbers.h"

namespace hasten {
namespace {

using kernels::Numbers;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

class FeatureNormFunction final : public torch::autograd::Function<FeatureNormFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& input, const std::optional<at::Tensor>& gain,
                            const std::optional<at::Tensor>& shift, bool root_mean_square, double epsilon,
                            at::ScalarType format) {
    const at::Tensor x = input.contiguous(), weight = gain.value_or(at::Tensor()), bias = shift.value_or(at::Tensor());
    const int64_t features = x.size(-1), rows = x.numel() / features;
    at::Tensor y = at::empty(x.sizes(), x.options().dtype(format)),
               rate = at::empty({rows}, x.options().dtype(at::kFloat));
    at::Tensor mean = root_mean_square ? at::Tensor() : at::empty_like(rate);
    kernels::FeatureNormForward job{numbers_of(x), numbers_of(y), floats_of(weight), floats_of(bias)};
    job.mean = mean.defined() ? mean.mutable_data_ptr<float>() : nullptr;
    job.rate = rate.mutable_data_ptr<float>();
    job.features = features;
    job.epsilon = static_cast<float>(epsilon);
    at::parallel_for(0, rows, row_grain(features), [&](int64_t begin, int64_t end) { job.rows(begin, end); });
    context->save_for_backward({x, weight, mean, rate});
    context->saved_data["shifts"] = bias.defined();
    return y;
  }

  static variable_list backward(AutogradContext* context, const variable_list& behind) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], dy = behind[0].contiguous();
    const int64_t features = x.size(-1), rows = x.numel() / features;
    at::Tensor dx = at::empty_like(x);
    kernels::FeatureNormBackward job{numbers_of(x), numbers_of(dy), numbers_of(dx)};
    job.weight = floats_of(weight);
    job.mean = floats_of(saved[2]);
    job.rate = floats_of(saved[3]);
    job.features = features;
    const int64_t shares = row_shares(rows, features);
    const bool scales = weight.defined(), shifts = context->saved_data["shifts"].toBool();
    const at::TensorOptions wide = x.options().dtype(at::kFloat);
    at::Tensor dweight = scales ? at::zeros({shares, features}, wide) : at::Tensor();
    at::Tensor dbias = shifts ? at::zeros({shares, features}, wide) : at::Tensor();
    each_share(rows, shares, [&](int64_t share, int64_t begin, int64_t end) {
      job.rows(begin, end, scales ? dweight.data_ptr<float>() + share * features : nullptr,
               shifts ? dbias.data_ptr<float>() + share * features : nullptr);
    });
    return {dx, scales ? dweight.sum(0) : dweight, shifts ? dbias.sum(0) : dbias, {}, {}, {}};
  }
};

class ReluSquaredFunction final : public torch::autograd::Function<ReluSquaredFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& input) {
    const at::Tensor x = input.contiguous();
    at::Tensor y = at::empty_like(x);
    at::parallel_for(0, x.numel(), kKernelGrain, [&](int64_t begin, int64_t end) {
      kernels::relu_squared(numbers_of(x), numbers_of(y), begin, end);
    });
    context->save_for_backward({x});
    return y;
  }
  static variable_list backward(AutogradContext* context, const variable_list& behind) {
    const at::Tensor x = context->get_saved_variables()[0], dy = behind[0].contiguous();
    at::Tensor dx = at::empty_like(x);
    at::parallel_for(0, x.numel(), kKernelGrain, [&](int64_t begin, int64_t end) {
      kernels::relu_squared_backward(numbers_of(x), numbers_of(dy), numbers_of(dx), begin, end);
    });
    return {dx};
  }
};

at::Tensor in_format(const at::Tensor& tensor, at::ScalarType format) {
  if (tensor.scalar_type() == format) return tensor;
  const at::Tensor from = tensor.contiguous();
  at::Tensor to = at::empty(from.sizes(), from.options().dtype(format));
  at::parallel_for(0, from.numel(), kKernelGrain,
                   [&](int64_t begin, int64_t end) { kernels::convert(numbers_of(from), numbers_of(to), begin, end); });
  return to;
}

class SumFunction final : public torch::autograd::Function<SumFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& branch) {
    const at::Tensor one = x.contiguous(), other = branch.contiguous();
    const bool wide = one.scalar_type() == at::kFloat || other.scalar_type() == at::kFloat;
    at::Tensor y = at::empty(one.sizes(), one.options().dtype(wide ? at::kFloat : one.scalar_type()));
    at::parallel_for(0, y.numel(), kKernelGrain, [&](int64_t begin, int64_t end) {
      kernels::add(numbers_of(one), numbers_of(other), numbers_of(y), begin, end);
    });
    context->saved_data["formats"] =
        std::vector<int64_t>{static_cast<int64_t>(one.scalar_type()), static_cast<int64_t>(other.scalar_type())};
    return y;
  }
  static variable_list backward(AutogradContext* context, const variable_list& behind) {
    const auto formats = context->saved_data["formats"].toIntVector();
    return {in_format(behind[0], static_cast<at::ScalarType>(formats[0])),
            in_format(behind[0], static_cast<at::ScalarType>(formats[1]))};
  }
};

kernels::AttentionHeads shape_of(const HeadLayout& layout, const at::Tensor& projected) {
  kernels::AttentionHeads shape;
  shape.tokens = projected.size(1);
  shape.heads = layout.heads;
  shape.features = projected.size(2) / (3 * layout.heads);
  shape.norm = layout.norm;
  shape.epsilon = static_cast<float>(layout.epsilon);
  shape.scale = static_cast<float>(layout.scale);
  shape.cosine = floats_of(layout.cosine);
  shape.sine = floats_of(layout.sine);
  return shape;
}

class HeadsFunction final : public torch::autograd::Function<HeadsFunction> {
 public:
  static variable_list forward(AutogradContext* context, const at::Tensor& input, const HeadLayout& layout) {
    const at::Tensor projected = input.contiguous();
    const kernels::AttentionHeads shape = shape_of(layout, projected);
    variable_list parts;
    for (int i = 0; i < 3; ++i) {
      parts.push_back(at::empty({projected.size(0) * shape.heads, shape.tokens, shape.features}, projected.options()));
    }
    const Numbers out[3] = {numbers_of(parts[0]), numbers_of(parts[1]), numbers_of(parts[2])};
    at::parallel_for(0, projected.size(0) * shape.tokens, row_grain(projected.size(2)),
                     [&](int64_t begin, int64_t end) { shape.forward(numbers_of(projected), out, begin, end); });
    // Values pass unchanged, so without norms nothing of the input is wanted.
    context->save_for_backward({layout.norm ? projected : at::Tensor(), layout.cosine, layout.sine});
    context->saved_data["sizes"] = projected.sizes().vec();
    context->saved_data["heads"] = layout.heads;
    context->saved_data["epsilon"] = layout.epsilon;
    context->saved_data["scale"] = layout.scale;
    return parts;
  }
  static variable_list backward(AutogradContext* context, const variable_list& behind) {
    const variable_list saved = context->get_saved_variables();
    HeadLayout layout{
        context->saved_data["heads"].toInt(),    saved[0].defined(), context->saved_data["epsilon"].toDouble(),
        context->saved_data["scale"].toDouble(), saved[1],           saved[2]};
    variable_list gradients;
    for (const at::Tensor& gradient : behind) gradients.push_back(gradient.contiguous());
    at::Tensor out = at::empty(context->saved_data["sizes"].toIntVector(), gradients[0].options());
    const kernels::AttentionHeads shape = shape_of(layout, out);
    const Numbers given[3] = {numbers_of(gradients[0]), numbers_of(gradients[1]), numbers_of(gradients[2])};
    const Numbers projected = saved[0].defined() ? numbers_of(saved[0]) : Numbers{};
    at::parallel_for(0, out.size(0) * shape.tokens, row_grain(out.size(2)), [&](int64_t begin, int64_t end) {
      shape.backward(projected, given, numbers_of(out), begin, end);
    });
    return {out, {}};
  }
};

}  // namespace

at::ScalarType format_of_products(const at::Tensor& x) {
  return at::autocast::is_autocast_enabled(at::kCPU) ? at::autocast::get_autocast_dtype(at::kCPU) : x.scalar_type();
}

bool is_fused(const at::Tensor& x) {
  return uses_fused_kernels() && x.is_cpu() && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16);
}

at::Tensor fused_feature_norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                              bool root_mean_square, double epsilon) {
  return FeatureNormFunction::apply(x, if_defined(weight), if_defined(bias), root_mean_square, epsilon,
                                    format_of_products(x));
}

at::Tensor fused_relu_squared(const at::Tensor& x) { return ReluSquaredFunction::apply(x); }

at::Tensor fused_sum(const at::Tensor& x, const at::Tensor& branch) {
  HASTEN_CHECK(x.sizes() == branch.sizes(), "sums are of equal shapes");
  return SumFunction::apply(x, branch);
}

std::array<at::Tensor, 3> fused_heads(const at::Tensor& projected, const HeadLayout& layout) {
  const variable_list parts = HeadsFunction::apply(projected, layout);
  return {parts[0], parts[1], parts[2]};
}

}  // namespace hasten
