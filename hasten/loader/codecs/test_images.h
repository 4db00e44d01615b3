// Made-up pictures for tests: smooth shades, edges and some noise, so that each pixel is unlike its neighbours.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "hasten/base/rng.h"
#include "hasten/loader/codecs/decode.h"

namespace hasten::test {

struct Picture {
  std::vector<uint8_t> bytes;
  ImageView view;
  Picture(int width, int height, int channels, uint64_t seed = 1)
      : bytes(static_cast<size_t>(width) * static_cast<size_t>(height) * static_cast<size_t>(channels)) {
    RandomStream random(seed, operation("test.picture"), 0, 0);
    size_t at = 0;
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        for (int c = 0; c < channels; ++c) {
          const double shade = 128 + 90 * std::sin(0.11 * x + c) * std::cos(0.07 * y - 2 * c);
          const double edge = (x / 11 + y / 13 + c) % 3 == 0 ? 30 : 0;
          bytes[at++] = static_cast<uint8_t>(std::clamp(shade + edge + random.uniform(-20, 20), 0.0, 255.0));
        }
      }
    }
    view = {bytes.data(), width, height, channels, static_cast<size_t>(width) * static_cast<size_t>(channels)};
  }
  Picture(const Picture&) = delete;
  Picture& operator=(const Picture&) = delete;
};

inline std::vector<uint8_t> copied(const ImageView& image) {
  std::vector<uint8_t> out;
  for (int y = 0; y < image.height; ++y)
    out.insert(out.end(), image.row(y), image.row(y) + image.width * image.channels);
  return out;
}

inline std::vector<uint8_t> cropped(const ImageView& image, const Rect& crop) {
  ImageView part = image;
  part.pixels = image.row(crop.y) + crop.x * image.channels;
  part.width = crop.width;
  part.height = crop.height;
  return copied(part);
}

inline SamplePayload payload_of(const std::vector<uint8_t>& bytes, Codec codec) { return {bytes, codec}; }

}  // namespace hasten::test
