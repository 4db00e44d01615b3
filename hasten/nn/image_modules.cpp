// Norms and pooling of images.
#include "hasten/nn/image_modules.h"

#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

#include "hasten/nn/activation.h"
#include "hasten/nn/fused_images.h"

namespace hasten {
namespace {

class BatchNormModule final : public LayerModule {
 public:
  BatchNormModule(const BatchNorm& plan, int64_t channels, const ParameterSource& get, at::Device device)
      : plan_(plan),
        weight_(get("weight")),
        bias_(get("bias")),
        mean_(at::zeros({channels}, device)),
        variance_(at::ones({channels}, device)) {}
  at::Tensor forward(const at::Tensor& x, const PassMode& mode) override {
    const bool keep = mode.training && mode.statistics == Statistics::kKeep;
    const double momentum =
        mode.statistics == Statistics::kAverage ? 1.0 / static_cast<double>(mode.averaged + 1) : plan_.momentum;
    const at::Tensor mean = keep ? at::Tensor() : mean_, variance = keep ? at::Tensor() : variance_;
    const at::Tensor weight = weight_(), bias = bias_();
    if (is_fused_image(x) && (mode.training || !c10::GradMode::is_enabled())) {
      const ChannelNormSettings settings{plan_.epsilon, momentum, absorbed_};
      return mode.training ? fused_batch_norm(x, weight, bias, mean, variance, settings)
                           : fused_fixed_norm(x, weight, bias, mean, variance, settings);
    }
    const at::Tensor y = at::batch_norm(x, weight, bias, mean, variance, mode.training, momentum, plan_.epsilon, true);
    switch (absorbed_) {
      case kernels::ChannelActivation::kNone: return y;
      case kernels::ChannelActivation::kRelu: return activated(y, ActivationKind::kRelu);
      case kernels::ChannelActivation::kGelu: return activated(y, ActivationKind::kGelu);
    }
    return y;
  }
  bool absorbs(const LayerKind& next) override {
    const Activation* activation = next.as<Activation>();
    if (activation == nullptr || absorbed_ != kernels::ChannelActivation::kNone) return false;
    if (activation->function == ActivationKind::kRelu) absorbed_ = kernels::ChannelActivation::kRelu;
    if (activation->function == ActivationKind::kGelu) absorbed_ = kernels::ChannelActivation::kGelu;
    return absorbed_ != kernels::ChannelActivation::kNone;
  }
  std::vector<NamedTensor> buffers() override { return {{"running_mean", mean_}, {"running_var", variance_}}; }

 private:
  BatchNorm plan_;
  EffectiveTensor weight_, bias_;
  at::Tensor mean_, variance_;
  kernels::ChannelActivation absorbed_ = kernels::ChannelActivation::kNone;
};

class Pool2dModule final : public LayerModule {
 public:
  explicit Pool2dModule(const Pool2d& plan) : plan_(plan) {}
  at::Tensor forward(const at::Tensor& x, const PassMode&) override {
    const bool quarters = plan_.kernel == 2 && plan_.stride == 2 && plan_.padding == 0;
    if (plan_.function == PoolKind::kMax && quarters && is_fused_image(x)) return fused_max_pool(x);
    if (plan_.function == PoolKind::kMax) return at::max_pool2d(x, plan_.kernel, plan_.stride, plan_.padding);
    return at::avg_pool2d(x, plan_.kernel, plan_.stride, plan_.padding, false, /*count_include_pad=*/false);
  }

 private:
  Pool2d plan_;
};

}  // namespace

std::unique_ptr<LayerModule> batch_norm_module(const BatchNorm& plan, int64_t channels, const ParameterSource& get,
                                               at::Device device) {
  return std::make_unique<BatchNormModule>(plan, channels, get, device);
}

std::unique_ptr<LayerModule> pool_module(const Pool2d& plan) { return std::make_unique<Pool2dModule>(plan); }

}  // namespace hasten
