// Tables of torchvision.transforms.autoaugment.
#include "hasten/loader/images/policy.h"

#include <array>
#include <cmath>

#include "hasten/base/error.h"

namespace hasten {
namespace {

using enum PolicyOperation;

constexpr std::array kAllOperations{kIdentity,  kShearX,     kShearY,       kTranslateX, kTranslateY,
                                    kRotate,    kBrightness, kColour,       kContrast,   kSharpness,
                                    kPosterize, kSolarize,   kAutocontrast, kEqualize};
// AugMix: what is common to both, then what only "all operations" has.
constexpr std::array kMixOperations{kShearX,    kShearY,   kTranslateX,   kTranslateY, kRotate,
                                    kPosterize, kSolarize, kAutocontrast, kEqualize,   kBrightness,
                                    kColour,    kContrast, kSharpness};
constexpr size_t kMixCommon = 9;

// The largest slope, turn and change of a factor, and how many bits are taken away.
struct Reach {
  double shear, degrees, factor, bits_left, bits_lost;
};
constexpr Reach reach_of(Policy policy) {
  switch (policy) {
    case Policy::kTrivialAugment: return {0.99, 135, 0.99, 8, 6};
    case Policy::kAugMix: return {0.3, 30, 0.9, 4, 4};
    default: return {0.3, 30, 0.9, 8, 4};
  }
}

double most_pixels(Policy policy, int side) {
  switch (policy) {
    case Policy::kTrivialAugment: return 32;
    case Policy::kAugMix: return side / 3.0;
    default: return 150.0 / 331.0 * side;
  }
}

}  // namespace

std::span<const PolicyOperation> operations_of(Policy policy, bool all_operations) {
  if (policy != Policy::kAugMix) return kAllOperations;
  return std::span(kMixOperations).first(all_operations ? kMixOperations.size() : kMixCommon);
}

bool is_signed(PolicyOperation operation) { return operation >= kShearX && operation <= kSharpness; }

double strength(Policy policy, PolicyOperation operation, int level, int bins, int width, int height) {
  const double share = bins > 1 ? static_cast<double>(level) / (bins - 1) : 0;
  const Reach reach = reach_of(policy);
  switch (operation) {
    case kShearX:
    case kShearY: return reach.shear * share;
    case kTranslateX: return most_pixels(policy, width) * share;
    case kTranslateY: return most_pixels(policy, height) * share;
    case kRotate: return reach.degrees * share;
    case kBrightness:
    case kColour:
    case kContrast:
    case kSharpness: return reach.factor * share;
    case kPosterize: return reach.bits_left - std::nearbyint(reach.bits_lost * share);
    case kSolarize: return 255 * (1 - share);
    case kIdentity:
    case kAutocontrast:
    case kEqualize: return 0;
  }
  throw InternalError("a policy's operation without a strength");
}

void apply_operation(PolicyOperation operation, double strength, const Pixels& image, std::vector<uint8_t>& copy) {
  switch (operation) {
    case kIdentity: return;
    case kShearX: return apply_affine(image, shear_x(strength), copy);
    case kShearY: return apply_affine(image, shear_y(strength), copy);
    case kTranslateX: return apply_affine(image, translation(std::trunc(strength), 0), copy);
    case kTranslateY: return apply_affine(image, translation(0, std::trunc(strength)), copy);
    case kRotate: return apply_affine(image, rotation(strength, image.width, image.height), copy);
    case kBrightness: return adjust_brightness(image, 1 + strength);
    case kColour: return adjust_saturation(image, 1 + strength);
    case kContrast: return adjust_contrast(image, 1 + strength);
    case kSharpness: return adjust_sharpness(image, 1 + strength, copy);
    case kPosterize: return posterize(image, static_cast<int>(strength));
    case kSolarize: return solarize(image, strength);
    case kAutocontrast: return autocontrast(image);
    case kEqualize: return equalize(image);
  }
}

}  // namespace hasten
