// Forward and to the input LibTorch's, to the filters ours.
#include "hasten/nn/fused_convolution.h"

#include <ATen/ops/convolution.h>
#include <ATen/ops/convolution_backward.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <ATen/record_function.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <array>

#include "hasten/kernels/convolution.h"
#include "hasten/kernels/tiles.h"
#include "hasten/nn/fused.h"
#include "hasten/nn/fused_numbers.h"

namespace hasten {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr auto kLast = at::MemoryFormat::ChannelsLast;
constexpr int64_t kOne[] = {1, 1}, kNone[] = {0, 0};

at::Tensor narrow(const at::Tensor& x) { return x.to(at::kBFloat16).contiguous(kLast); }

at::Tensor filters_gradient(const at::Tensor& x, const at::Tensor& dy, const at::Tensor& weight) {
  const std::array<c10::IValue, 2> inputs{dy, weight};
  RECORD_FUNCTION("hasten::convolution_filters", c10::ArrayRef<const c10::IValue>(inputs.data(), inputs.size()));
  const kernels::ConvolutionFilters job{x.size(2), x.size(3), weight.size(1), weight.size(0), weight.size(2)};
  const int64_t images = x.size(0), shares = row_shares(images, x.numel() / images);
  at::Tensor sums = at::zeros({shares, job.sums_size()}, at::kFloat),
             dweight = at::empty(weight.sizes(), at::kFloat, kLast);
  each_share(images, shares, [&](int64_t share, int64_t begin, int64_t end) {
    job.gradient(halves_of(x), halves_of(dy), begin, end, sums.mutable_data_ptr<float>() + share * job.sums_size());
  });
  job.gather(sums.const_data_ptr<float>(), shares, dweight.mutable_data_ptr<float>());
  return dweight;
}

class ConvolutionFunction final : public torch::autograd::Function<ConvolutionFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& input, const at::Tensor& filters,
                            const std::optional<at::Tensor>& bias, int64_t padding) {
    const at::Tensor x = narrow(input), weight = narrow(filters);
    const std::array<int64_t, 2> pad{padding, padding};
    context->save_for_backward({x, weight});
    context->saved_data["padding"] = padding;
    context->saved_data["formats"] =
        std::vector<int64_t>{static_cast<int64_t>(input.scalar_type()), static_cast<int64_t>(filters.scalar_type())};
    context->saved_data["shifts"] = bias.has_value();
    return at::convolution(x, weight, bias ? std::optional(bias->to(at::kBFloat16)) : std::nullopt, kOne, pad, kOne,
                           /*transposed=*/false, kNone, /*groups=*/1);
  }

  static variable_list backward(AutogradContext* context, const variable_list& behind) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], dy = narrow(behind[0]);
    const int64_t padding = context->saved_data["padding"].toInt();
    const auto formats = context->saved_data["formats"].toIntVector();
    const std::array<int64_t, 2> pad{padding, padding};
    at::Tensor dx, dweight, dbias;
    if (context->needs_input_grad(0)) {
      dx = std::get<0>(at::convolution_backward(dy, x, weight, std::nullopt, kOne, pad, kOne, /*transposed=*/false,
                                                kNone,
                                                /*groups=*/1, {true, false, false}))
               .to(static_cast<at::ScalarType>(formats[0]));
    }
    if (context->needs_input_grad(1)) {
      dweight = filters_gradient(x, dy, weight).to(static_cast<at::ScalarType>(formats[1]));
    }
    if (context->saved_data["shifts"].toBool()) dbias = dy.sum({0, 2, 3}, false, at::kFloat);
    return {dx, dweight, dbias, {}};
  }
};

}  // namespace

bool is_convolution_fused(const at::Tensor& x, const at::Tensor& weight, int64_t padding) {
  // Measured: docs/performance.md. On larger images, and with fewer channels than a panel has, LibTorch's is as good.
  constexpr int64_t kPixels = 64, kChannels = kernels::tiles::kPanel;
  return is_fused(x) && c10::GradMode::is_enabled() && weight.requires_grad() && x.dim() == 4 && x.numel() > 0 &&
         format_of_products(x) == at::kBFloat16 && weight.size(2) == 2 * padding + 1 &&
         weight.size(3) == weight.size(2) && x.size(2) * x.size(3) <= kPixels && weight.size(0) >= kChannels &&
         weight.size(1) >= kChannels && weight.size(1) == x.size(1) && kernels::tiles::available();
}

at::Tensor fused_convolution(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, int64_t padding) {
  return ConvolutionFunction::apply(x, weight, if_defined(bias), padding);
}

}  // namespace hasten
