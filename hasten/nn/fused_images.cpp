// Autograd around the kernels for images.
#include "hasten/nn/fused_images.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "hasten/kernels/max_pool.h"
#include "hasten/nn/fused.h"
#include "hasten/nn/fused_numbers.h"

namespace hasten {
namespace {

using kernels::ChannelActivation;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

int64_t pixels_of(const at::Tensor& x) { return x.numel() / x.size(1); }

// Sums of two quantities a channel over all pixels.
template <class Work>
std::pair<at::Tensor, at::Tensor> sums_over(const at::Tensor& x, const Work& work) {
  const int64_t rows = pixels_of(x), channels = x.size(1), shares = row_shares(rows, channels);
  at::Tensor sums = at::zeros({shares, 2, channels}, at::kDouble);
  auto* to = sums.mutable_data_ptr<double>();
  each_share(rows, shares, [&](int64_t share, int64_t begin, int64_t end) {
    work(begin, end, to + 2 * share * channels, to + (2 * share + 1) * channels);
  });
  const at::Tensor all = sums.sum(0);
  return {all[0], all[1]};
}

struct ChannelFactors {
  at::Tensor factor, term;  // fp32 [channels]: z = x factor + term
};
ChannelFactors factors_of(const at::Tensor& mean, const at::Tensor& rate, const at::Tensor& weight,
                          const at::Tensor& bias) {
  at::Tensor factor = weight.defined() ? rate.mul(weight.detach()) : rate;
  at::Tensor term = mean.mul(factor).neg_();
  if (bias.defined()) term.add_(bias.detach());
  return {factor, term};
}

at::Tensor mapped(const at::Tensor& x, const ChannelFactors& factors, ChannelActivation activation) {
  at::Tensor y = at::empty_like(x);
  kernels::ChannelMap map{numbers_of(x),
                          numbers_of(y),
                          x.size(1),
                          factors.factor.const_data_ptr<float>(),
                          factors.term.const_data_ptr<float>(),
                          activation};
  at::parallel_for(0, pixels_of(x), row_grain(x.size(1)), [&](int64_t begin, int64_t end) { map.rows(begin, end); });
  return y;
}

// What moves with the batches; not an input that a gradient could be asked for.
struct RunningStatistics {
  at::Tensor mean, variance;
};

class BatchNormFunction final : public torch::autograd::Function<BatchNormFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& input, const std::optional<at::Tensor>& gain,
                            const std::optional<at::Tensor>& shift_of, const RunningStatistics& running,
                            const ChannelNormSettings& settings) {
    const at::Tensor x = input.contiguous(at::MemoryFormat::ChannelsLast);
    const at::Tensor weight = gain.value_or(at::Tensor()), bias = shift_of.value_or(at::Tensor());
    const int64_t channels = x.size(1);
    const auto rows = static_cast<double>(pixels_of(x));
    // The first pixel is as good a guess of the mean as any.
    std::vector<float> scratch(static_cast<size_t>(channels));
    const float* first = kernels::load(numbers_of(x), 0, channels, scratch.data());
    at::Tensor shift = at::empty({channels}, at::kFloat);
    std::copy_n(first, channels, shift.mutable_data_ptr<float>());
    const auto [sum, squares] = sums_over(x, [&](int64_t begin, int64_t end, double* one, double* other) {
      kernels::channel_sums(numbers_of(x), channels, shift.const_data_ptr<float>(), begin, end, one, other);
    });
    const at::Tensor away = sum.div(rows);
    const at::Tensor wide_variance = squares.div(rows).sub(away.square()).clamp_min(0);
    const at::Tensor mean = away.add(shift).to(at::kFloat), variance = wide_variance.to(at::kFloat);
    const at::Tensor rate = wide_variance.add(settings.epsilon).rsqrt().to(at::kFloat);
    if (running.mean.defined()) {
      running.mean.lerp_(mean, settings.momentum);
      running.variance.lerp_(variance.mul(rows / std::max(1.0, rows - 1)), settings.momentum);
    }
    const ChannelFactors factors = factors_of(mean, rate, weight, bias);
    context->save_for_backward({x, mean, rate, factors.factor, factors.term});
    context->saved_data["activation"] = static_cast<int64_t>(settings.activation);
    context->saved_data["scales"] = weight.defined();
    context->saved_data["shifts"] = bias.defined();
    return mapped(x, factors, settings.activation);
  }

  static variable_list backward(AutogradContext* context, const variable_list& behind) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor& x = saved[0];
    const at::Tensor dy = behind[0].contiguous(at::MemoryFormat::ChannelsLast);
    at::Tensor dx = at::empty_like(x);
    kernels::ChannelNormBackward job{numbers_of(x), numbers_of(dy), numbers_of(dx), x.size(1)};
    job.mean = saved[1].const_data_ptr<float>();
    job.rate = saved[2].const_data_ptr<float>();
    job.factor = saved[3].const_data_ptr<float>();
    job.term = saved[4].const_data_ptr<float>();
    job.activation = static_cast<ChannelActivation>(context->saved_data["activation"].toInt());
    const auto [plain, along] = sums_over(x, [&](int64_t begin, int64_t end, double* one, double* other) {
      job.through_activation(begin, end, one, other);
    });
    const auto rows = static_cast<double>(pixels_of(x));
    const at::Tensor mean_plain = plain.div(rows).to(at::kFloat), mean_along = along.div(rows).to(at::kFloat);
    at::parallel_for(0, pixels_of(x), row_grain(x.size(1)), [&](int64_t begin, int64_t end) {
      job.through_norm(mean_plain.const_data_ptr<float>(), mean_along.const_data_ptr<float>(), begin, end);
    });
    const auto if_there = [&](const char* name, const at::Tensor& sum) {
      return context->saved_data[name].toBool() ? sum.to(at::kFloat) : at::Tensor();
    };
    return {dx, if_there("scales", along), if_there("shifts", plain), {}, {}};
  }
};

class MaxPoolFunction final : public torch::autograd::Function<MaxPoolFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& input) {
    const at::Tensor x = input.contiguous(at::MemoryFormat::ChannelsLast);
    const kernels::MaxPool pool{x.size(2), x.size(3), x.size(1)};
    at::Tensor y = at::empty({x.size(0), x.size(1), pool.rows_out(), pool.columns_out()}, x.options(),
                             at::MemoryFormat::ChannelsLast);
    const bool learns = input.requires_grad();
    at::Tensor places = learns ? at::empty({y.numel()}, at::kByte) : at::Tensor();
    at::parallel_for(
        0, x.size(0) * pool.rows_out(), row_grain(2 * x.size(3) * x.size(1)), [&](int64_t begin, int64_t end) {
          pool.forward(numbers_of(x), numbers_of(y), learns ? places.data_ptr<uint8_t>() : nullptr, begin, end);
        });
    context->save_for_backward({places});
    context->saved_data["sizes"] = x.sizes().vec();
    return y;
  }
  static variable_list backward(AutogradContext* context, const variable_list& behind) {
    const at::Tensor places = context->get_saved_variables()[0];
    const at::Tensor dy = behind[0].contiguous(at::MemoryFormat::ChannelsLast);
    const auto sizes = context->saved_data["sizes"].toIntVector();
    const kernels::MaxPool pool{sizes[2], sizes[3], sizes[1]};
    at::Tensor dx = at::empty(sizes, dy.options(), at::MemoryFormat::ChannelsLast);
    at::parallel_for(0, sizes[0] * pool.rows_out(), row_grain(2 * sizes[3] * sizes[1]),
                     [&](int64_t begin, int64_t end) {
                       pool.backward(numbers_of(dy), places.const_data_ptr<uint8_t>(), numbers_of(dx), begin, end);
                     });
    return {dx};
  }
};

}  // namespace

bool is_fused_image(const at::Tensor& x) {
  return uses_fused_kernels() && x.is_cpu() && x.dim() == 4 && x.numel() > 0 &&
         (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16);
}

at::Tensor fused_batch_norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                            const at::Tensor& mean, const at::Tensor& variance, const ChannelNormSettings& settings) {
  return BatchNormFunction::apply(x, if_defined(weight), if_defined(bias), RunningStatistics{mean, variance}, settings);
}

at::Tensor fused_fixed_norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                            const at::Tensor& mean, const at::Tensor& variance, const ChannelNormSettings& settings) {
  c10::NoGradGuard no_grad;
  const at::Tensor rate = variance.add(settings.epsilon).rsqrt();
  return mapped(x.contiguous(at::MemoryFormat::ChannelsLast), factors_of(mean, rate, weight, bias),
                settings.activation);
}

at::Tensor fused_max_pool(const at::Tensor& x) { return MaxPoolFunction::apply(x); }

}  // namespace hasten
