// The operations that augmentation policies choose from, and how strong each of their levels is.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "hasten/loader/images/affine.h"

namespace hasten {

enum class PolicyOperation : uint8_t {
  kIdentity,
  kShearX,
  kShearY,
  kTranslateX,
  kTranslateY,
  kRotate,
  kBrightness,
  kColour,
  kContrast,
  kSharpness,
  kPosterize,
  kSolarize,
  kAutocontrast,
  kEqualize,
};

enum class Policy : uint8_t { kRandAugment, kTrivialAugment, kAugMix };

std::span<const PolicyOperation> operations_of(Policy policy, bool all_operations = true);
// Is its strength as often negative?
bool is_signed(PolicyOperation operation);
// The strength at `level` of 0 .. bins - 1, as torchvision's tables give it: a slope, pixels, degrees, what is added to a
// factor of 1, bits, a threshold.
double strength(Policy policy, PolicyOperation operation, int level, int bins, int width, int height);
void apply_operation(PolicyOperation operation, double strength, const Pixels& image, std::vector<uint8_t>& copy);

}  // namespace hasten
