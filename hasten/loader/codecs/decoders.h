// The decoders of single formats, as decode() calls them.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "hasten/loader/codecs/decode.h"

namespace hasten {

using EncodedBytes = std::span<const uint8_t>;

// Sizes by header. Throw DataError.
ImageSize jpeg_size(EncodedBytes bytes);
ImageSize png_size(EncodedBytes bytes);
ImageSize webp_size(EncodedBytes bytes);

// `size` is what *_size() gave; it is within the limits, and request.crop lies inside and is not empty.
DecodedImage decode_png(EncodedBytes bytes, const ImageSize& size, const DecodeRequest& request,
                        DecodeScratch& scratch);
DecodedImage decode_webp(EncodedBytes bytes, const ImageSize& size, const DecodeRequest& request,
                         DecodeScratch& scratch);

// libjpeg-turbo's decompressor, kept from image to image.
class JpegDecoder {
 public:
  JpegDecoder();
  ~JpegDecoder();
  DecodedImage decode(EncodedBytes bytes, const ImageSize& size, const DecodeRequest& request, DecodeScratch& scratch);

 private:
  DecodedImage decode_once(EncodedBytes bytes, const ImageSize& size, const DecodeRequest& request,
                           DecodeScratch& scratch);
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

[[noreturn]] void throw_corrupt(const std::string& message);

// A view of the crop in pixels that begin at (left, top) of the unscaled image.
DecodedImage crop_view(const uint8_t* pixels, size_t stride, int left, int top, int channels, const Rect& crop);

// Brightness of a pixel as Pillow makes it of RGB (ITU-R 601-2).
inline uint8_t luma(unsigned red, unsigned green, unsigned blue) {
  return static_cast<uint8_t>((red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16);
}
// Rows of RGB become rows of brightness, in place; the stride stays.
void to_luma(uint8_t* pixels, int width, int height, size_t stride);

}  // namespace hasten
