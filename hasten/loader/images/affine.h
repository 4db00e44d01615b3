// Shears, shifts and rotations that take the nearest pixel, as Pillow does; what lies outside becomes 0.
#pragma once

#include <array>
#include <vector>

#include "hasten/loader/images/colour.h"

namespace hasten {

// out(x, y) = in(m[0] x + m[1] y + m[2], m[3] x + m[4] y + m[5]), at the middle of pixels.
using AffineMap = std::array<double, 6>;

// torchvision's F.affine in its augmentation policies: sheared about the upper left corner.
AffineMap shear_x(double slope);
AffineMap shear_y(double slope);
// To the right and down.
AffineMap translation(double right, double down);
// About the middle, counterclockwise.
AffineMap rotation(double degrees, int width, int height);

// In place; `copy` is room to work in.
void apply_affine(const Pixels& image, const AffineMap& map, std::vector<uint8_t>& copy);

}  // namespace hasten
