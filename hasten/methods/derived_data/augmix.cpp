// augmix: shares of the chains by Dirichlet(alpha), share of the image by Beta(alpha, alpha); without the paper's
// consistency loss, as torchvision and Composer have it.
// Hendrycks, Mu, Cubuk, Zoph, Gilmer, Lakshminarayanan, AugMix (arXiv:1912.02781).
#include "hasten/methods/derived_data/augmix.h"

#include "hasten/core/method.h"
#include "hasten/data/pixel_transform.h"

namespace hasten {
namespace {

class AugmixMethod final : public MethodOf<AugmixParams>, public PixelTransform {
 public:
  using MethodOf::MethodOf;

  ColourStep step() const override {
    return AugMix{static_cast<int>(params_.severity), static_cast<int>(params_.width), static_cast<int>(params_.depth),
                  params_.alpha, params_.all_operations};
  }

  void state(StateVisitor&) override {}  // draws are functions of seed, epoch and sample
};

}  // namespace

std::unique_ptr<Method> make_augmix(const AugmixParams& params) { return std::make_unique<AugmixMethod>(params); }

}  // namespace hasten
