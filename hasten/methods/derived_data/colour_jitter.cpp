// colour_jitter: four adjustments in random order, with torchvision's ranges and Pillow's arithmetic.
// Howard, Some improvements on deep convolutional neural network based image classification (arXiv:1312.5402).
#include "hasten/methods/derived_data/colour_jitter.h"

#include "hasten/core/method.h"
#include "hasten/data/pixel_transform.h"

namespace hasten {
namespace {

class ColourJitterMethod final : public MethodOf<ColourJitterParams>, public PixelTransform {
 public:
  using MethodOf::MethodOf;

  ColourStep step() const override {
    return ColourJitter{params_.brightness, params_.contrast, params_.saturation, params_.hue, params_.chance};
  }

  void state(StateVisitor&) override {}  // draws are functions of seed, epoch and sample
};

}  // namespace

std::unique_ptr<Method> make_colour_jitter(const ColourJitterParams& params) {
  return std::make_unique<ColourJitterMethod>(params);
}

}  // namespace hasten
