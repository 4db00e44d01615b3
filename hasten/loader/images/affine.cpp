// In 16.16 fixed point like Pillow's affine_fixed, so that the same pixels are taken.
#include "hasten/loader/images/affine.h"

#include <cmath>
#include <cstring>
#include <numbers>

namespace hasten {

AffineMap shear_x(double slope) { return {1, slope, 0, 0, 1, 0}; }
AffineMap shear_y(double slope) { return {1, 0, 0, slope, 1, 0}; }
AffineMap translation(double right, double down) { return {1, 0, -right, 0, 1, -down}; }

AffineMap rotation(double degrees, int width, int height) {
  const double angle = -std::remainder(degrees, 360.0) * std::numbers::pi / 180;
  const auto rounded = [](double value) { return std::nearbyint(value * 1e15) / 1e15; };
  const double cosine = rounded(std::cos(angle)), sine = rounded(std::sin(angle));
  const double x = width / 2.0, y = height / 2.0;
  return {cosine, sine, -cosine * x - sine * y + x, -sine, cosine, sine * x - cosine * y + y};
}

void apply_affine(const Pixels& image, const AffineMap& map, std::vector<uint8_t>& copy) {
  const auto fixed = [](double value) { return static_cast<int64_t>(std::floor(value * 65536.0 + 0.5)); };
  copy.assign(image.bytes, image.bytes + image.size());
  const auto channels = static_cast<size_t>(image.channels), row = static_cast<size_t>(image.width) * channels;
  const int64_t across_x = fixed(map[0]), across_y = fixed(map[3]);
  int64_t begin_x = fixed(map[2] + map[0] * 0.5 + map[1] * 0.5), begin_y = fixed(map[5] + map[3] * 0.5 + map[4] * 0.5);
  uint8_t* to = image.bytes;
  for (int y = 0; y < image.height; ++y, begin_x += fixed(map[1]), begin_y += fixed(map[4])) {
    int64_t from_x = begin_x, from_y = begin_y;
    for (int x = 0; x < image.width; ++x, to += channels, from_x += across_x, from_y += across_y) {
      const int64_t column = from_x >> 16, line = from_y >> 16;
      if (column < 0 || column >= image.width || line < 0 || line >= image.height) {
        std::memset(to, 0, channels);
        continue;
      }
      const uint8_t* pixel = copy.data() + static_cast<size_t>(line) * row + static_cast<size_t>(column) * channels;
      for (size_t c = 0; c < channels; ++c) to[c] = pixel[c];
    }
  }
}

}  // namespace hasten
