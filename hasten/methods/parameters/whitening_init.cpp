// whitening_init: the first convolution starts, and stays, as the whitening transform of image patches.
// Filters are the eigenvectors of the patch covariance over the root of their eigenvalues, with both signs, so that
// what follows the activation sees decorrelated patches of equal variance. Only its bias is trained.
// D. Page, How to train your ResNet 8 (2019); as in K. Jordan, 94% on CIFAR-10 in 3.29 seconds (arXiv:2404.00498).
#include "hasten/methods/parameters/whitening_init.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/linalg_eigh.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <tuple>

#include "hasten/base/error.h"
#include "hasten/base/rng.h"
#include "hasten/core/method.h"
#include "hasten/data/dataset.h"
#include "hasten/nn/model.h"
#include "hasten/spec/layers/convolution.h"
#include "hasten/spec/layers/elementwise.h"

namespace hasten {

// Filters [2 c k k, c, k, k] that whiten the k x k patches of images [n, c, h, w].
at::Tensor whitening_filters(const at::Tensor& images, int64_t kernel, double epsilon) {
  const int64_t channels = images.size(1);
  at::Tensor patches = images.unfold(2, kernel, 1)
                           .unfold(3, kernel, 1)  // [n, c, h', w', k, k]
                           .permute({0, 2, 3, 1, 4, 5})
                           .reshape({-1, channels * kernel * kernel})
                           .to(at::kDouble);
  patches = patches.sub(patches.mean(0, true));
  at::Tensor covariance = patches.t().mm(patches).div(static_cast<double>(patches.size(0)));
  auto [values, vectors] = at::linalg_eigh(covariance);
  // Relative to the largest: what is nearly absent in the data is not blown up into noise.
  at::Tensor damped = values.clamp_min(0).add(values.max().mul(epsilon));
  at::Tensor filters = vectors.div(damped.sqrt()).t().flip(0).reshape({-1, channels, kernel, kernel});
  return at::cat({filters, filters.neg()}, 0).to(at::kFloat);
}

namespace {

constexpr const char* kStem = "stem";

class WhiteningInit final : public MethodOf<WhiteningInitParams> {
 public:
  using MethodOf::MethodOf;

  void plan(Plan& plan) override {
    std::vector<Block>& blocks = plan.model.blocks;
    const int64_t filters = 2 * plan.model.input[0] * params_.kernel * params_.kernel;
    if (blocks.front().name != kStem) {
      ActivationKind activation = first_activation(blocks.front());
      blocks.front().part = Part::kBody;
      Block stem{kStem, Part::kStem, {}, false, {}, {}};
      stem.add("conv", Conv2d{});
      stem.add("activation", Activation{activation});
      blocks.insert(blocks.begin(), std::move(stem));
    }
    Layer& layer = blocks.front().layers.front();
    Conv2d* conv = layer.kind.as<Conv2d>();
    HASTEN_CHECK(conv != nullptr, "a stem that does not begin with a convolution");
    *conv = {.channels = filters,
             .kernel = params_.kernel,
             .stride = params_.stride,
             .padding = 0,
             .groups = 1,
             .bias = true};
    plan.model.infer();
    ParameterPlan* weight = layer.parameter("weight");
    weight->init = {InitKind::kFromData, 0};
    weight->trainable = false;
  }

  void on(Event, State& state) override {
    c10::NoGradGuard no_grad;
    const Dataset& data = *state.train_data;
    std::vector<int64_t> ids = permutation(data.size(), state.seed, operation("whitening_init.samples"), 0);
    ids.resize(static_cast<size_t>(std::min(params_.samples, data.size())));
    at::Tensor weight = state.model.parameter(std::string(kStem) + ".conv.weight");
    weight.copy_(whitening_filters(data.gather(ids).inputs, params_.kernel, params_.epsilon));
  }

  void state(StateVisitor&) override {}  // what it sets is part of the model

 private:
  static ActivationKind first_activation(const Block& block) {
    for (const Layer& layer : block.layers) {
      if (const auto* activation = layer.kind.as<Activation>()) return activation->function;
    }
    return ActivationKind::kRelu;
  }
};

}  // namespace

std::unique_ptr<Method> make_whitening_init(const WhiteningInitParams& params) {
  return std::make_unique<WhiteningInit>(params);
}

}  // namespace hasten
