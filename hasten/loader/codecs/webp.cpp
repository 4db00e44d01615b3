// WebP by libwebp, which decodes the crop alone. Transparency is dropped. Never scaled: libwebp scales what it has
// decoded, which saves nothing.
#include <webp/decode.h>

#include <algorithm>
#include <string_view>

#include "hasten/base/text.h"
#include "hasten/loader/codecs/decoders.h"

namespace hasten {
namespace {

std::string_view webp_message(VP8StatusCode status) {
  switch (status) {
    case VP8_STATUS_OUT_OF_MEMORY: return "out of memory";
    case VP8_STATUS_BITSTREAM_ERROR: return "the data are corrupt";
    case VP8_STATUS_UNSUPPORTED_FEATURE: return "a feature that is not supported";
    case VP8_STATUS_SUSPENDED:
    case VP8_STATUS_NOT_ENOUGH_DATA: return "the data end too early";
    default: return "it cannot be decoded";
  }
}

WebPBitstreamFeatures webp_features(EncodedBytes bytes) {
  WebPBitstreamFeatures features;
  const VP8StatusCode status = WebPGetFeatures(bytes.data(), bytes.size(), &features);
  if (status != VP8_STATUS_OK) throw_corrupt(cat("WebP: ", webp_message(status)));
  if (features.has_animation) throw_corrupt("WebP: an animation, not an image");
  if (features.width <= 0 || features.height <= 0) throw_corrupt("WebP: an image without pixels");
  return features;
}

}  // namespace

ImageSize webp_size(EncodedBytes bytes) {
  const WebPBitstreamFeatures features = webp_features(bytes);
  return {features.width, features.height, 3};
}

DecodedImage decode_webp(EncodedBytes bytes, const ImageSize& size, const DecodeRequest& request,
                         DecodeScratch& scratch) {
  WebPDecoderConfig config;
  if (!WebPInitDecoderConfig(&config)) throw_corrupt("WebP: the library is of another version");
  Rect part{0, 0, size.width, size.height};
  if (request.policy != DecodePolicy::kFull) {
    // Chroma of a pixel at the edge is interpolated from its neighbour outside; corners lie on even places.
    const Rect& crop = request.crop;
    part.x = std::max(0, crop.x - 2) & ~1;
    part.y = std::max(0, crop.y - 2) & ~1;
    part.width = std::min(size.width, crop.x + crop.width + 2) - part.x;
    part.height = std::min(size.height, crop.y + crop.height + 2) - part.y;
    config.options.use_cropping = 1;
    config.options.crop_left = part.x;
    config.options.crop_top = part.y;
    config.options.crop_width = part.width;
    config.options.crop_height = part.height;
  }
  const size_t stride = static_cast<size_t>(part.width) * 3, total = stride * static_cast<size_t>(part.height);
  uint8_t* pixels = scratch.pixels(total);
  config.output.colorspace = MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA.rgba = pixels;
  config.output.u.RGBA.stride = static_cast<int>(stride);
  config.output.u.RGBA.size = total;
  const VP8StatusCode status = WebPDecode(bytes.data(), bytes.size(), &config);
  WebPFreeDecBuffer(&config.output);
  if (status != VP8_STATUS_OK) throw_corrupt(cat("WebP: ", webp_message(status)));
  if (request.channels == 1) to_luma(pixels, part.width, part.height, stride);
  return crop_view(pixels, stride, part.x, part.y, request.channels, request.crop);
}

}  // namespace hasten
