// label_smoothing: targets (1 - s) y + s / C, which keeps logits from growing without bound.
// Szegedy, Vanhoucke, Ioffe, Shlens, Wojna, Rethinking the Inception architecture (arXiv:1512.00567).
#include "hasten/methods/objective/label_smoothing.h"

#include "hasten/core/method.h"
#include "hasten/data/transform.h"

namespace hasten {

// targets: probabilities [..., classes]; a row of zeros, where nothing is to be learnt, stays one.
at::Tensor smoothed(const at::Tensor& targets, double amount) {
  const auto classes = static_cast<double>(targets.size(-1));
  return targets.mul(1 - amount).add(targets.sum(-1, /*keepdim=*/true).mul(amount / classes));
}

namespace {

class LabelSmoothing final : public MethodOf<LabelSmoothingParams>, public BatchTransform {
 public:
  using MethodOf::MethodOf;

  void apply(Batch& batch, const State& state) override {
    batch.targets = smoothed(batch.soft_targets(state.plan.run.data.classes), params_.amount);
  }

  void state(StateVisitor&) override {}  // a function of its settings
};

}  // namespace

std::unique_ptr<Method> make_label_smoothing(const LabelSmoothingParams& params) {
  return std::make_unique<LabelSmoothing>(params);
}

}  // namespace hasten
