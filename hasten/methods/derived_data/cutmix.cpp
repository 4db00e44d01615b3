// cutmix: a box of image j replaces the same box of image i, j by a random permutation of the batch; targets are mixed by
// the share of the area. One box for the batch: its sides are sqrt(1 - b) of the image's, b ~ Beta(alpha, alpha), its
// centre is uniform, and what sticks out is cut off before the area is measured. All draws belong to the step.
// Yun et al., CutMix: regularization strategy to train strong classifiers with localizable features (arXiv:1905.04899).
#include "hasten/methods/derived_data/cutmix.h"

#include <ATen/ops/tensor.h>

#include <algorithm>
#include <cmath>

#include "hasten/base/error.h"
#include "hasten/base/rng.h"
#include "hasten/core/method.h"
#include "hasten/data/transform.h"

namespace hasten {

// Rows top..bottom-1 and columns left..right-1 of an image.
struct PasteBox {
  int64_t top = 0, bottom = 0, left = 0, right = 0;
  int64_t area() const { return (bottom - top) * (right - left); }
};

// The box with this centre whose sides are the root of `share` of the image's, clipped.
PasteBox paste_box(int64_t height, int64_t width, double share, int64_t row, int64_t column) {
  const double side = std::sqrt(share);
  const int64_t tall = std::llround(side * static_cast<double>(height));
  const int64_t wide = std::llround(side * static_cast<double>(width));
  auto clip = [](int64_t x, int64_t end) { return std::clamp<int64_t>(x, 0, end); };
  return {clip(row - tall / 2, height), clip(row - tall / 2 + tall, height), clip(column - wide / 2, width),
          clip(column - wide / 2 + wide, width)};
}

// The box of a step, empty with chance 1 - p.
PasteBox drawn_box(const CutmixParams& params, int64_t height, int64_t width, uint64_t seed, int64_t step) {
  RandomStream random(seed, operation("cutmix.box"), static_cast<uint64_t>(step), 0);
  if (random.uniform() >= params.p) return {};
  const double stays = random.beta(params.alpha, params.alpha);
  const auto row = static_cast<int64_t>(random.below(static_cast<uint64_t>(height)));
  const auto column = static_cast<int64_t>(random.below(static_cast<uint64_t>(width)));
  return paste_box(height, width, 1 - stays, row, column);
}

namespace {

class Cutmix final : public MethodOf<CutmixParams>, public BatchTransform {
 public:
  using MethodOf::MethodOf;

  void plan(Plan& plan) override {
    if (plan.run.batch.size > 1) return;
    throw ConfigError("method.cutmix", "batches of at least two images, which can be mixed", "batch.size = 1");
  }

  void apply(Batch& batch, const State& state) override {
    const int64_t height = batch.inputs.size(2), width = batch.inputs.size(3);
    const PasteBox box = drawn_box(params_, height, width, state.seed, batch.step);
    if (box.area() == 0) return;
    const at::Tensor partners = at::tensor(
        permutation(batch.size(), state.seed, operation("cutmix.partners"), static_cast<uint64_t>(batch.step)),
        batch.labels.options());
    at::Tensor part = batch.inputs.slice(2, box.top, box.bottom).slice(3, box.left, box.right);
    part.copy_(part.index_select(0, partners));
    const double pasted = static_cast<double>(box.area()) / static_cast<double>(height * width);
    const at::Tensor own = batch.soft_targets(state.plan.run.data.classes);
    batch.targets = own.lerp(own.index_select(0, partners), pasted);
  }

  void state(StateVisitor&) override {}  // draws are functions of seed and step
};

}  // namespace

std::unique_ptr<Method> make_cutmix(const CutmixParams& params) { return std::make_unique<Cutmix>(params); }

}  // namespace hasten
