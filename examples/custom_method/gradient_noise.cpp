// gradient_noise: g <- g + N(0, scale^2 / (1 + step)^decay).
// Neelakantan et al., Adding gradient noise improves learning for very deep networks (arXiv:1511.06807).
#include "gradient_noise.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/normal.h>

#include <cmath>

#include "hasten/base/rng.h"
#include "hasten/core/method.h"
#include "hasten/nn/model.h"

namespace {

class GradientNoise final : public hasten::MethodOf<GradientNoiseParams> {
 public:
  using MethodOf::MethodOf;

  void on(hasten::Event, hasten::State& state) override {
    const auto step = static_cast<double>(state.progress.step);
    const double deviation = params_.scale / std::pow(1 + step, params_.decay / 2);
    // Keyed by seed and step, so that a resumed run draws what the interrupted one would have drawn.
    auto generator = at::make_generator<at::CPUGeneratorImpl>(hasten::mix(
        hasten::mix(state.seed, hasten::operation("gradient_noise")), static_cast<uint64_t>(state.progress.step)));
    for (const hasten::NamedTensor& parameter : state.model.parameters()) {
      at::Tensor gradient = parameter.value.grad();
      if (gradient.defined()) gradient.add_(at::normal(0, deviation, gradient.sizes(), generator));
    }
  }

  void state(hasten::StateVisitor&) override {}  // a function of seed and step
};

}  // namespace

std::unique_ptr<hasten::Method> make_gradient_noise(const GradientNoiseParams& params) {
  return std::make_unique<GradientNoise>(params);
}
