// rand_augment: `operations` of 14 one after the other (colours, shears, shifts, rotation), with torchvision's table of
// strengths for 31 levels and nearest pixels.
// Cubuk, Zoph, Shlens, Le, RandAugment: practical automated data augmentation with a reduced search space (arXiv:1909.13719).
#include "hasten/methods/derived_data/rand_augment.h"

#include <cmath>

#include "hasten/core/method.h"
#include "hasten/data/pixel_transform.h"

namespace hasten {
namespace {

class RandAugmentMethod final : public MethodOf<RandAugmentParams>, public PixelTransform {
 public:
  using MethodOf::MethodOf;

  ColourStep step() const override {
    return RandAugment{static_cast<int>(params_.operations), static_cast<int>(std::llround(params_.magnitude))};
  }

  void state(StateVisitor&) override {}  // draws are functions of seed, epoch and sample
};

}  // namespace

std::unique_ptr<Method> make_rand_augment(const RandAugmentParams& params) {
  return std::make_unique<RandAugmentMethod>(params);
}

}  // namespace hasten
