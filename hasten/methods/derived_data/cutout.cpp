// cutout: squares of side round(length min(height, width)) become 0, which is the mean of the data after normalisation.
// Their centres are uniform over the image, so a square may stick out; they belong to the sample and epoch, or to the step.
// DeVries, Taylor, Improved regularization of convolutional neural networks with cutout (arXiv:1708.04552).
#include "hasten/methods/derived_data/cutout.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <cmath>

#include "hasten/base/error.h"
#include "hasten/base/rng.h"
#include "hasten/base/text.h"
#include "hasten/core/method.h"
#include "hasten/data/transform.h"

namespace hasten {

int64_t cutout_side(double length, int64_t height, int64_t width) {
  return std::llround(length * static_cast<double>(std::min(height, width)));
}

// Blanks a square of `side` in each of images [n, c, h, w]. Its first row and column are tops[i] and lefts[i]; one of each
// stands for all images.
void blank_squares(at::Tensor& images, const std::vector<int64_t>& tops, const std::vector<int64_t>& lefts,
                   int64_t side) {
  auto inside = [&](const std::vector<int64_t>& firsts, int64_t size) {  // [n, size]
    const at::Tensor first = at::tensor(firsts, images.options().dtype(at::kLong)).unsqueeze(1);
    const at::Tensor distance = at::arange(size, first.options()).unsqueeze(0).sub(first);
    return distance.ge(0).logical_and_(distance.lt(side));
  };
  const at::Tensor rows = inside(tops, images.size(2)), columns = inside(lefts, images.size(3));
  images.masked_fill_(rows.unsqueeze(2).logical_and(columns.unsqueeze(1)).unsqueeze(1), 0);
}

namespace {

class Cutout final : public MethodOf<CutoutParams>, public BatchTransform {
 public:
  using MethodOf::MethodOf;

  void plan(Plan& plan) override {
    const Shape& image = plan.run.data.sample;
    if (params_.length <= 0 || cutout_side(params_.length, image.at(1), image.at(2)) > 0) return;
    throw ConfigError("method.cutout.length", cat("at least one pixel of a ", image.at(1), "x", image.at(2), " image"),
                      number(params_.length));
  }

  void apply(Batch& batch, const State& state) override {
    const int64_t height = batch.inputs.size(2), width = batch.inputs.size(3);
    const int64_t side = cutout_side(params_.length, height, width);
    if (side == 0) return;  // where a schedule begins there
    const bool own = params_.places == CutoutPlaces::kSample;
    for (int64_t hole = 0; hole < params_.holes; ++hole) {
      std::vector<int64_t> tops, lefts;
      for (size_t i = 0; i < (own ? batch.ids.size() : 1); ++i) {
        const uint64_t seed = mix(state.seed, static_cast<uint64_t>(hole));
        RandomStream random = own ? RandomStream(seed, operation("cutout.sample"), static_cast<uint64_t>(batch.epoch),
                                                 static_cast<uint64_t>(batch.ids[i]))
                                  : RandomStream(seed, operation("cutout.batch"), static_cast<uint64_t>(batch.step), 0);
        tops.push_back(static_cast<int64_t>(random.below(static_cast<uint64_t>(height))) - side / 2);
        lefts.push_back(static_cast<int64_t>(random.below(static_cast<uint64_t>(width))) - side / 2);
      }
      blank_squares(batch.inputs, tops, lefts, side);
    }
  }

  void state(StateVisitor&) override {}  // draws are functions of seed, epoch or step, and sample
};

}  // namespace

std::unique_ptr<Method> make_cutout(const CutoutParams& params) { return std::make_unique<Cutout>(params); }

}  // namespace hasten
