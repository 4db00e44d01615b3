// Images as pixels, for packing: decoded, made smaller, encoded as JPEG.
#pragma once

#include <cstdint>
#include <vector>

#include "hasten/loader/sample_index.h"

namespace hasten::shards {

struct PixelBuffer {
  uint32_t width = 0, height = 0;
  uint8_t channels = 0;        // 1 or 3
  std::vector<uint8_t> bytes;  // height x width x channels
};

constexpr bool is_image(Codec codec) { return codec <= Codec::kWebp; }
constexpr bool is_encoded(Codec codec) { return codec >= Codec::kJpeg && codec <= Codec::kWebp; }

// The whole image, strictly: what a decoder only warns of is damage here. Throws DataError("", "", what is wrong).
PixelBuffer decode_pixels(const SamplePayload& payload);
// So that the shorter side has `shorter` pixels, by the filter of the image pipeline. Smaller images stay.
PixelBuffer shrink_to(PixelBuffer pixels, uint32_t shorter);
// Baseline JPEG. Colour at full resolution from quality 90 on, at half below.
std::vector<uint8_t> encode_pixels(const PixelBuffer& pixels, int quality);

}  // namespace hasten::shards
