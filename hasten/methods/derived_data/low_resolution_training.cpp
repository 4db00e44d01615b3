// low_resolution_training: all training images have `scale` times the side of those that are evaluated, and convolutions cost
// scale^2 of their full price. Things look larger in random crops than at evaluation, so a network that is trained on
// somewhat smaller images is evaluated better on full ones: with mode = "crop" that is the published form.
// Touvron, Vedaldi, Douze, Jegou, Fixing the train-test resolution discrepancy (arXiv:1906.06423).
#include "hasten/methods/derived_data/low_resolution_training.h"

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/core/method.h"
#include "hasten/data/batch.h"
#include "hasten/data/resize.h"
#include "hasten/data/transform.h"

namespace hasten {
namespace {

class LowResolutionTraining final : public MethodOf<LowResolutionTrainingParams>, public BatchTransform {
 public:
  using MethodOf::MethodOf;

  void plan(Plan& plan) override {
    if (params_.scale >= 1) return;
    const Shape& full = plan.model.input;
    const Shape size = small(full);
    if (size == full) {
      throw ConfigError("method.low_resolution_training.scale", "a scale at which images are smaller",
                        cat(number(params_.scale), " of ", full.at(1), "x", full.at(2)),
                        cat("sides are multiples of size_increment = ", params_.size_increment));
    }
    if (!plan.model.opaque) check_takes(plan.model, size, "method.low_resolution_training.scale");
  }

  void apply(Batch& batch, const State& state) override {
    if (params_.scale >= 1) return;
    const Shape size = small({batch.inputs.size(1), batch.inputs.size(2), batch.inputs.size(3)});
    batch.inputs = resized_images(batch.inputs, size[1], size[2], params_.mode, state.seed, batch.step);
  }

  void cost(const Plan& plan, CostEstimate& estimate) const override {
    const PassCost full = plan.model.flops();
    if (params_.scale >= 1 || full.forward <= 0) return;  // of a program's own module nothing is known
    estimate.scale(plan.model.with_input(small(plan.model.input)).flops(), full);
  }

  void state(StateVisitor&) override {}  // a function of seed and step

 private:
  Shape small(const Shape& full) const {
    return {full.at(0), resized_side(full.at(1), params_.scale, params_.size_increment),
            resized_side(full.at(2), params_.scale, params_.size_increment)};
  }
};

}  // namespace

std::unique_ptr<Method> make_low_resolution_training(const LowResolutionTrainingParams& params) {
  return std::make_unique<LowResolutionTraining>(params);
}

}  // namespace hasten
