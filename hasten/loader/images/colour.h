// Operations on the values of pixels, in place on bytes. Each gives the very bytes of Pillow (ImageEnhance, ImageOps), on
// which torchvision's transforms and published augmentation policies stand.
#pragma once

#include <cstdint>
#include <vector>

#include "hasten/loader/codecs/decode.h"

namespace hasten {

// Pixels that are changed: rows of width x channels without gaps.
struct Pixels {
  uint8_t* bytes = nullptr;
  int width = 0, height = 0, channels = 0;
  size_t count() const { return static_cast<size_t>(width) * static_cast<size_t>(height); }
  size_t size() const { return count() * static_cast<size_t>(channels); }
  uint8_t* row(int y) const {
    return bytes + static_cast<size_t>(y) * static_cast<size_t>(width) * static_cast<size_t>(channels);
  }
};

// Factor 0: black; 1: as it was; above: brighter.
void adjust_brightness(const Pixels& image, double factor);
// Factor 0: the mean grey.
void adjust_contrast(const Pixels& image, double factor);
// Factor 0: grey. Nothing to do for one channel.
void adjust_saturation(const Pixels& image, double factor);
// Factor 0: smoothed; 1: as it was; 2: sharpened. `copy` is room to work in.
void adjust_sharpness(const Pixels& image, double factor, std::vector<uint8_t>& copy);
// Shifts the hue by a share of the circle, -0.5 to 0.5. Nothing to do for one channel.
void adjust_hue(const Pixels& image, double turn);
// All channels become the brightness.
void make_grey(const Pixels& image);
// Keeps the upper `bits` of each value, 0 to 8.
void posterize(const Pixels& image, int bits);
// Inverts values from `threshold` on.
void solarize(const Pixels& image, double threshold);
// Stretches each channel to 0 .. 255.
void autocontrast(const Pixels& image);
// Makes the histogram of each channel flat.
void equalize(const Pixels& image);

}  // namespace hasten
