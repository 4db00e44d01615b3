// trivial_augment: one of 14 operations, at one of 31 strengths of a wide table (torchvision's TrivialAugmentWide).
// Mueller, Hutter, TrivialAugment: tuning-free yet state-of-the-art data augmentation (arXiv:2103.10158).
#include "hasten/methods/derived_data/trivial_augment.h"

#include "hasten/core/method.h"
#include "hasten/data/pixel_transform.h"

namespace hasten {
namespace {

class TrivialAugmentMethod final : public MethodOf<TrivialAugmentParams>, public PixelTransform {
 public:
  using MethodOf::MethodOf;

  ColourStep step() const override { return TrivialAugment{}; }

  void state(StateVisitor&) override {}  // draws are functions of seed, epoch and sample
};

}  // namespace

std::unique_ptr<Method> make_trivial_augment(const TrivialAugmentParams& params) {
  return std::make_unique<TrivialAugmentMethod>(params);
}

}  // namespace hasten
