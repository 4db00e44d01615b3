// colout: of H rows floor((1 - drop) H) are kept, in their order, and of the columns likewise; the same ones in all images
// of a step, so that a batch stays a tensor. Convolutions cost (1 - drop)^2 of their full price.
// C. Kerr for MosaicML Composer (2021); there is no paper.
#include "hasten/methods/derived_data/colout.h"

#include <ATen/ops/index_select.h>
#include <ATen/ops/tensor.h>

#include <algorithm>

#include "hasten/base/error.h"
#include "hasten/base/rng.h"
#include "hasten/base/text.h"
#include "hasten/core/method.h"
#include "hasten/data/transform.h"

namespace hasten {

// How many of `side` rows are kept; at least one.
int64_t kept_side(int64_t side, double drop) {
  return std::max<int64_t>(1, static_cast<int64_t>((1 - drop) * static_cast<double>(side) + 1e-9));
}

// `kept` of 0..side-1, ascending, every choice equally likely.
std::vector<int64_t> kept_lines(int64_t side, int64_t kept, RandomStream random) {
  std::vector<int64_t> lines;
  for (int64_t line = 0; line < side; ++line) {
    const auto left = static_cast<uint64_t>(side - line), wanted = static_cast<uint64_t>(kept) - lines.size();
    if (random.below(left) < wanted) lines.push_back(line);
  }
  return lines;
}

namespace {

class ColOut final : public MethodOf<ColOutParams>, public BatchTransform {
 public:
  using MethodOf::MethodOf;

  void plan(Plan& plan) override {
    if (params_.drop <= 0) return;
    const Shape& full = plan.model.input;
    if (smaller(full) == full) {
      throw ConfigError("method.colout.drop", cat("at least one row of a ", full.at(1), "x", full.at(2), " image"),
                        number(params_.drop));
    }
    // A module of the program shows by its first step whether it takes smaller images.
    if (!plan.model.opaque) check_fits(plan.model);
  }

  void apply(Batch& batch, const State& state) override {
    if (params_.drop <= 0) return;
    for (int64_t dimension : {2, 3}) {
      const int64_t side = batch.inputs.size(dimension);
      RandomStream random(state.seed, operation("colout.lines"), static_cast<uint64_t>(batch.step),
                          static_cast<uint64_t>(dimension));
      const std::vector<int64_t> lines = kept_lines(side, kept_side(side, params_.drop), random);
      batch.inputs = batch.inputs.index_select(dimension, at::tensor(lines, batch.inputs.options().dtype(at::kLong)));
    }
    batch.inputs = channels_last(batch.inputs);
  }

  void cost(const Plan& plan, CostEstimate& estimate) const override {
    const PassCost full = plan.model.flops();
    if (params_.drop <= 0 || full.forward <= 0) return;  // of a program's own module nothing is known
    estimate.scale(plan.model.with_input(smaller(plan.model.input)).flops(), full);
  }

  void state(StateVisitor&) override {}  // a function of seed and step

 private:
  Shape smaller(const Shape& image) const {
    return {image.at(0), kept_side(image.at(1), params_.drop), kept_side(image.at(2), params_.drop)};
  }

  void check_fits(const ModelPlan& model) const {
    const Shape small = smaller(model.input);
    try {
      if (model.with_input(small).parameter_count() == model.parameter_count()) return;
    } catch (const ConfigError&) {
      // Said below, with what to do.
    }
    throw ConfigError("method.colout", cat("a model that takes images of ", small.at(1), "x", small.at(2), ", too"),
                      "'" + model.family + "', whose layers fit the full size alone",
                      "set model.readout to \"average\" or \"max\", or leave fewer rows out");
  }
};

}  // namespace

std::unique_ptr<Method> make_colout(const ColOutParams& params) { return std::make_unique<ColOut>(params); }

}  // namespace hasten
