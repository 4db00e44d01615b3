// progressive_resizing: images of side s(t) times the full one, t the share of the budget that is over: s is
// `initial_scale` until `delay`, then grows in a line to 1 at 1 - `finetune`. Convolutions cost s^2 of their full price.
// Bilinear resizing averages over the pixels that a smaller one stands for (antialiased): skipping some would make other
// images, not smaller ones.
// Howard, Now anyone can train ImageNet in 18 minutes (fast.ai, 2018); that the full size at the end matters: Touvron,
// Vedaldi, Douze, Jegou, Fixing the train-test resolution discrepancy (arXiv:1906.06423).
#include "hasten/methods/derived_data/progressive_resizing.h"

#include <cmath>
#include <map>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/core/budget.h"
#include "hasten/core/method.h"
#include "hasten/data/resize.h"
#include "hasten/data/transform.h"

namespace hasten {

double resize_scale(const ProgressiveResizingParams& params, double over) {
  const double full = 1 - params.finetune;
  if (over >= full) return 1;
  if (over < params.delay) return params.initial_scale;
  return params.initial_scale + (1 - params.initial_scale) * (over - params.delay) / (full - params.delay);
}

// The share of `steps` equal steps that have images of each size, for full images {channels, height, width}.
std::map<Shape, double> sizes_over_run(const ProgressiveResizingParams& params, const Shape& full, int64_t steps) {
  std::map<Shape, double> shares;
  for (int64_t step = 0; step < steps; ++step) {
    const double scale = resize_scale(params, static_cast<double>(step) / static_cast<double>(steps));
    const Shape size{full.at(0), resized_side(full.at(1), scale, params.size_increment),
                     resized_side(full.at(2), scale, params.size_increment)};
    shares[size] += 1 / static_cast<double>(steps);
  }
  return shares;
}

namespace {

class ProgressiveResizing final : public MethodOf<ProgressiveResizingParams>, public BatchTransform {
 public:
  using MethodOf::MethodOf;

  void plan(Plan& plan) override {
    if (params_.initial_scale >= 1) return;
    if (params_.delay + params_.finetune > 1 + 1e-9) {
      throw ConfigError("method.progressive_resizing.delay",
                        cat("at most 1 - finetune = ", number(1 - params_.finetune)), number(params_.delay));
    }
    const Shape& full = plan.model.input;
    const std::map<Shape, double> sizes = sizes_over_run(params_, full, steps_of(plan));
    if (sizes.begin()->first == full) {
      throw ConfigError("method.progressive_resizing.initial_scale", "a scale at which images are smaller",
                        cat(number(params_.initial_scale), " of ", full.at(1), "x", full.at(2)),
                        cat("sides are multiples of size_increment = ", params_.size_increment));
    }
    // A module of the program shows by its first step whether it takes smaller images.
    for (const auto& [size, share] : sizes) {
      if (!plan.model.opaque) check_takes(plan.model, size, "method.progressive_resizing.initial_scale");
    }
  }

  void apply(Batch& batch, const State& state) override {
    const double scale = resize_scale(params_, state.progress.fraction);
    const int64_t height = resized_side(batch.inputs.size(2), scale, params_.size_increment);
    const int64_t width = resized_side(batch.inputs.size(3), scale, params_.size_increment);
    if (height == batch.inputs.size(2) && width == batch.inputs.size(3)) return;
    batch.inputs = resized_images(batch.inputs, height, width, params_.mode, state.seed, batch.step);
  }

  void cost(const Plan& plan, CostEstimate& estimate) const override {
    const PassCost full = plan.model.flops();
    if (full.forward <= 0) return;  // of a program's own module nothing is known
    // A budget of work or time holds more steps with small images than with large ones.
    const Unit unit = plan.run.budget.unit;
    const bool of_work = unit == Unit::kFlop || unit == Unit::kSecond || unit == Unit::kJoule;
    PassCost all;
    double samples = 0;
    for (const auto& [size, share] : sizes_over_run(params_, plan.model.input, steps_of(plan))) {
      const PassCost pass = plan.model.with_input(size).flops();
      const double weight = of_work ? share / (pass.forward + pass.backward) : share;
      all += weight * pass;
      samples += weight;
    }
    estimate.scale(1 / samples * all, full);
  }

  void state(StateVisitor&) override {}  // a function of the progress, seed and step

 private:
  // The planned ones, or enough for a mean where only the run will tell.
  static int64_t steps_of(const Plan& plan) {
    const int64_t steps = Budget(plan.run).total_steps();
    return steps > 0 ? steps : 1000;
  }
};

}  // namespace

std::unique_ptr<Method> make_progressive_resizing(const ProgressiveResizingParams& params) {
  return std::make_unique<ProgressiveResizing>(params);
}

}  // namespace hasten
