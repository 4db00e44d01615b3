// The modules of the layer kinds.
#include "hasten/nn/layer_module.h"

#include <ATen/ops/conv2d.h>
#include <ATen/ops/dropout.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/rms_norm.h>
#include <ATen/ops/slice.h>

#include "hasten/base/error.h"
#include "hasten/nn/activation.h"
#include "hasten/nn/attention_module.h"
#include "hasten/nn/fused.h"
#include "hasten/nn/fused_convolution.h"
#include "hasten/nn/image_modules.h"
#include "hasten/nn/sequence_modules.h"
#include "hasten/spec/layers/convolution.h"
#include "hasten/spec/layers/dense.h"
#include "hasten/spec/layers/elementwise.h"
#include "hasten/spec/layers/normalization.h"
#include "hasten/spec/layers/pooling.h"

namespace hasten {
namespace {

class Conv2dModule final : public LayerModule {
 public:
  Conv2dModule(const Conv2d& plan, const ParameterSource& get)
      : plan_(plan), weight_(get("weight")), bias_(get("bias")) {}
  at::Tensor forward(const at::Tensor& x, const PassMode&) override {
    const at::Tensor& weight = weight_();
    if (overruns(weight)) {
      const int64_t one = 1, none = 0;
      return at::conv2d(every(x, plan_.stride), weight, bias_(), one, none, one, plan_.groups);
    }
    if (plan_.stride == 1 && plan_.groups == 1 && is_convolution_fused(x, weight, plan_.padding)) {
      return fused_convolution(x, weight, bias_(), plan_.padding);
    }
    return at::conv2d(x, weight, bias_(), plan_.stride, plan_.padding, 1, plan_.groups);
  }

 private:
  // Weight gradients of 1x1 convolutions with a stride and fewer than eight channels: oneDNN as LibTorch 2.13 has it writes
  // beyond its memory (AVX2 kernels on one thread; seen with PyTorch alone). Choosing the pixels first is the same.
  bool overruns(const at::Tensor& weight) const {
    constexpr int64_t kBlock = 8;
    return plan_.stride > 1 && plan_.padding == 0 && weight.size(2) == 1 && weight.size(3) == 1 &&
           weight.size(1) < kBlock;
  }
  static at::Tensor every(const at::Tensor& x, int64_t stride) {
    return at::slice(at::slice(x, 2, std::nullopt, std::nullopt, stride), 3, std::nullopt, std::nullopt, stride);
  }

  Conv2d plan_;
  EffectiveTensor weight_, bias_;
};

class LinearModule final : public LayerModule {
 public:
  explicit LinearModule(const ParameterSource& get) : weight_(get("weight")), bias_(get("bias")) {}
  at::Tensor forward(const at::Tensor& x, const PassMode&) override { return at::linear(x, weight_(), bias_()); }

 private:
  EffectiveTensor weight_, bias_;
};

class ActivationModule final : public LayerModule {
 public:
  explicit ActivationModule(const Activation& plan) : function_(plan.function) {}
  at::Tensor forward(const at::Tensor& x, const PassMode&) override { return activated(x, function_); }

 private:
  ActivationKind function_;
};

class FeatureNormModule final : public LayerModule {
 public:
  FeatureNormModule(const FeatureNorm& plan, const ParameterSource& get)
      : plan_(plan), weight_(get("weight")), bias_(get("bias")) {}
  at::Tensor forward(const at::Tensor& x, const PassMode&) override {
    const at::Tensor &weight = weight_(), &bias = bias_();
    const int64_t features = x.size(-1);
    if (is_fused(x)) return fused_feature_norm(x, weight, bias, plan_.root_mean_square, plan_.epsilon);
    if (plan_.root_mean_square) {
      return at::rms_norm(x, {features}, weight.defined() ? std::optional(weight) : std::nullopt, plan_.epsilon);
    }
    return at::layer_norm(x, {features}, weight, bias, plan_.epsilon);
  }

 private:
  FeatureNorm plan_;
  EffectiveTensor weight_, bias_;
};

class GateModule final : public LayerModule {
 public:
  explicit GateModule(const Gate& plan) : function_(plan.function) {}
  at::Tensor forward(const at::Tensor& x, const PassMode&) override {
    const int64_t half = x.size(-1) / 2;
    return activated(x.narrow(-1, 0, half), function_).mul(x.narrow(-1, half, half));
  }

 private:
  ActivationKind function_;
};

class SoftCapModule final : public LayerModule {
 public:
  explicit SoftCapModule(const SoftCap& plan) : cap_(plan.cap) {}
  at::Tensor forward(const at::Tensor& x, const PassMode&) override { return x.div(cap_).tanh().mul(cap_); }

 private:
  double cap_;
};

class DropoutModule final : public LayerModule {
 public:
  explicit DropoutModule(const Dropout& plan) : rate_(plan.rate) {}
  at::Tensor forward(const at::Tensor& x, const PassMode& mode) override {
    return mode.training ? at::dropout(x, rate_, true) : x;
  }

 private:
  double rate_;
};

class ScaleModule final : public LayerModule {
 public:
  explicit ScaleModule(const Scale& plan) : factor_(plan.factor) {}
  at::Tensor forward(const at::Tensor& x, const PassMode&) override { return x.mul(factor_); }

 private:
  double factor_;
};

class FlattenModule final : public LayerModule {
 public:
  at::Tensor forward(const at::Tensor& x, const PassMode&) override { return x.reshape({x.size(0), -1}); }
};

class GlobalPoolModule final : public LayerModule {
 public:
  explicit GlobalPoolModule(const GlobalPool& plan) : function_(plan.function) {}
  at::Tensor forward(const at::Tensor& x, const PassMode&) override {
    if (function_ == PoolKind::kAverage) return x.mean({2, 3});
    // Not amax: its gradient is shared among ties, and in bf16 ties are common.
    return at::max_pool2d(x, {x.size(2), x.size(3)}).reshape({x.size(0), -1});
  }

 private:
  PoolKind function_;
};

}  // namespace

std::unique_ptr<LayerModule> build_layer(const Layer& layer, const ParameterSource& get, at::Device device) {
  const LayerKind& kind = layer.kind;
  if (const auto* plan = kind.as<Conv2d>()) return std::make_unique<Conv2dModule>(*plan, get);
  if (kind.as<Linear>() != nullptr) return std::make_unique<LinearModule>(get);
  if (const auto* plan = kind.as<BatchNorm>()) return batch_norm_module(*plan, layer.in[0], get, device);
  if (const auto* plan = kind.as<FeatureNorm>()) return std::make_unique<FeatureNormModule>(*plan, get);
  if (const auto* plan = kind.as<SelfAttention>()) return attention_module(*plan, get);
  if (const auto* plan = kind.as<Gate>()) return std::make_unique<GateModule>(*plan);
  if (const auto* plan = kind.as<SoftCap>()) return std::make_unique<SoftCapModule>(*plan);
  if (const auto* plan = kind.as<Activation>()) return std::make_unique<ActivationModule>(*plan);
  if (const auto* plan = kind.as<Dropout>()) return std::make_unique<DropoutModule>(*plan);
  if (const auto* plan = kind.as<Scale>()) return std::make_unique<ScaleModule>(*plan);
  if (kind.as<Flatten>() != nullptr) return std::make_unique<FlattenModule>();
  if (const auto* plan = kind.as<Pool2d>()) return pool_module(*plan);
  if (const auto* plan = kind.as<GlobalPool>()) return std::make_unique<GlobalPoolModule>(*plan);
  if (std::unique_ptr<LayerModule> module = sequence_module(layer, get)) return module;
  throw InternalError("no module for a layer of kind " + std::string(kind.name()));
}

}  // namespace hasten
