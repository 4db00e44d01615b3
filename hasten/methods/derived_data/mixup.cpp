// mixup: x_i <- s x_i + (1 - s) x_j, targets alike; j by a random permutation of the batch, s = max(b, 1 - b) with
// b ~ Beta(alpha, alpha), one for the batch. Both belong to the step: neither the microbatch nor a second pass over the
// same batch draws them anew.
// Zhang, Cisse, Dauphin, Lopez-Paz, mixup: beyond empirical risk minimization (arXiv:1710.09412).
#include "hasten/methods/derived_data/mixup.h"

#include <ATen/ops/tensor.h>

#include <algorithm>

#include "hasten/base/error.h"
#include "hasten/base/rng.h"
#include "hasten/core/method.h"
#include "hasten/data/transform.h"

namespace hasten {

// The share that each sample keeps of itself, in [1/2, 1]. The larger one, so that its label stays the leading one.
double mixup_share(double alpha, uint64_t seed, int64_t step) {
  const double b = RandomStream(seed, operation("mixup.share"), static_cast<uint64_t>(step), 0).beta(alpha, alpha);
  return std::max(b, 1 - b);
}

// share values + (1 - share) values[partners], along the first dimension.
at::Tensor blended(const at::Tensor& values, const at::Tensor& partners, double share) {
  return values.lerp(values.index_select(0, partners), 1 - share);
}

namespace {

class Mixup final : public MethodOf<MixupParams>, public BatchTransform {
 public:
  using MethodOf::MethodOf;

  void plan(Plan& plan) override {
    if (plan.run.batch.size > 1) return;
    throw ConfigError("method.mixup", "batches of at least two samples, which can be mixed", "batch.size = 1");
  }

  void apply(Batch& batch, const State& state) override {
    if (params_.alpha <= 0) return;  // where a schedule begins there
    const double share = mixup_share(params_.alpha, state.seed, batch.step);
    const at::Tensor partners = at::tensor(
        permutation(batch.size(), state.seed, operation("mixup.partners"), static_cast<uint64_t>(batch.step)),
        batch.labels.options());
    batch.inputs = blended(batch.inputs, partners, share);
    if (batch.inputs.dim() == 4) batch.inputs = channels_last(batch.inputs);
    batch.targets = blended(batch.soft_targets(state.plan.run.data.classes), partners, share);
  }

  void state(StateVisitor&) override {}  // draws are functions of seed and step
};

}  // namespace

std::unique_ptr<Method> make_mixup(const MixupParams& params) { return std::make_unique<Mixup>(params); }

}  // namespace hasten
