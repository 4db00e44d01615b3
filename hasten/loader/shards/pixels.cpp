// PixelBuffer that have their own memory, made and used by the codecs and the resizer of the loader.
#include "hasten/loader/shards/pixels.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/loader/codecs/encode.h"
#include "hasten/loader/images/resize.h"

namespace hasten::shards {
namespace {

constexpr int kLongestJpeg = 65500;  // libjpeg's own limit

ImageView view_of(const PixelBuffer& pixels) {
  return {pixels.bytes.data(), static_cast<int>(pixels.width), static_cast<int>(pixels.height), pixels.channels,
          size_t{pixels.width} * pixels.channels};
}

}  // namespace

PixelBuffer decode_pixels(const SamplePayload& payload) {
  thread_local DecodeScratch scratch;
  DecodeRequest request;
  request.channels = image_size(payload).channels;
  const DecodedImage image = decode(payload, request, scratch);
  PixelBuffer pixels{static_cast<uint32_t>(image.width),
                     static_cast<uint32_t>(image.height),
                     static_cast<uint8_t>(image.channels),
                     {}};
  const size_t stride = size_t{pixels.width} * pixels.channels;
  pixels.bytes.resize(stride * pixels.height);
  for (int y = 0; y < image.height; ++y)
    std::memcpy(pixels.bytes.data() + static_cast<size_t>(y) * stride, image.row(y), stride);
  return pixels;
}

PixelBuffer shrink_to(PixelBuffer pixels, uint32_t shorter) {
  const uint32_t side = std::min(pixels.width, pixels.height);
  if (side <= shorter) return pixels;
  const auto scaled = [&](uint32_t length) {
    return std::max(shorter, static_cast<uint32_t>(std::lround(static_cast<double>(length) * shorter / side)));
  };
  PixelBuffer small{scaled(pixels.width), scaled(pixels.height), pixels.channels, {}};
  small.bytes.resize(size_t{small.width} * small.height * small.channels);
  const Box whole{0, 0, static_cast<double>(pixels.width), static_cast<double>(pixels.height)};
  Resizer().run(view_of(pixels), whole, static_cast<int>(small.width), static_cast<int>(small.height), false,
                small.bytes.data());
  return small;
}

std::vector<uint8_t> encode_pixels(const PixelBuffer& pixels, int quality) {
  if (pixels.width > kLongestJpeg || pixels.height > kLongestJpeg)
    throw DataError("", "", cat("no JPEG can hold ", pixels.width, " x ", pixels.height, " pixels"));
  const int covers = quality >= 90 ? 1 : 2;
  return encode_jpeg(view_of(pixels),
                     {.quality = quality, .chroma_across = covers, .chroma_down = covers, .optimize = true});
}

}  // namespace hasten::shards
