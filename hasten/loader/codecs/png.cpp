// PNG by libspng: row by row down to the last one of the crop. Transparency is dropped, 16 bits become 8.
#include <spng.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>

#include "hasten/base/text.h"
#include "hasten/loader/codecs/decoders.h"

namespace hasten {
namespace {

constexpr size_t kMostExtraBytes = size_t{16} << 20;  // of texts and profiles, unpacked

uint32_t png_word(const uint8_t* at) {
  return uint32_t{at[0]} << 24 | uint32_t{at[1]} << 16 | uint32_t{at[2]} << 8 | uint32_t{at[3]};
}

void png_must(int error) {
  if (error != SPNG_OK) throw_corrupt(cat("PNG: ", spng_strerror(error)));
}

}  // namespace

ImageSize png_size(EncodedBytes bytes) {
  constexpr uint8_t kBegin[16] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n', 0, 0, 0, 13, 'I', 'H', 'D', 'R'};
  constexpr uint32_t kMost = 0x7FFFFFFF;
  if (bytes.size() < 33 || std::memcmp(bytes.data(), kBegin, sizeof kBegin) != 0) {
    throw_corrupt("not a PNG: it does not begin so");
  }
  const uint32_t width = png_word(bytes.data() + 16), height = png_word(bytes.data() + 20);
  if (width == 0 || height == 0 || width > kMost || height > kMost) {
    throw_corrupt(cat("a PNG of ", width, " x ", height, " pixels"));
  }
  const uint8_t colour_type = bytes[25];
  return {static_cast<int>(width), static_cast<int>(height), colour_type == 0 || colour_type == 4 ? 1 : 3};
}

DecodedImage decode_png(EncodedBytes bytes, const ImageSize& size, const DecodeRequest& request,
                        DecodeScratch& scratch) {
  const std::unique_ptr<spng_ctx, void (*)(spng_ctx*)> png(spng_ctx_new(0), spng_ctx_free);
  if (!png) throw std::bad_alloc();
  if (!request.strict) png_must(spng_set_crc_action(png.get(), SPNG_CRC_USE, SPNG_CRC_DISCARD));
  png_must(spng_set_chunk_limits(png.get(), kMostExtraBytes, kMostExtraBytes));
  png_must(spng_set_png_buffer(png.get(), bytes.data(), bytes.size()));
  spng_ihdr header;
  png_must(spng_get_ihdr(png.get(), &header));
  const bool grey = header.color_type == SPNG_COLOR_TYPE_GRAYSCALE && header.bit_depth <= 8 && request.channels == 1;
  const int format = grey ? SPNG_FMT_G8 : SPNG_FMT_RGB8;
  const size_t stride = static_cast<size_t>(size.width) * (grey ? 1 : 3);
  const bool whole = request.policy == DecodePolicy::kFull || header.interlace_method != 0;
  const int top = whole ? 0 : request.crop.y;
  const int rows = whole ? size.height : request.crop.height;
  uint8_t* pixels = scratch.pixels(stride * static_cast<size_t>(rows));
  if (whole) {
    png_must(spng_decode_image(png.get(), pixels, stride * static_cast<size_t>(rows), format, 0));
  } else {
    png_must(spng_decode_image(png.get(), nullptr, 0, format, SPNG_DECODE_PROGRESSIVE));
    for (int y = 0; y < top + rows; ++y) {  // rows above lie where the first one will
      const int error = spng_decode_row(png.get(), pixels + stride * static_cast<size_t>(std::max(0, y - top)), stride);
      if (error == SPNG_EOI && y == size.height - 1) break;
      png_must(error);
    }
  }
  if (!grey && request.channels == 1) to_luma(pixels, size.width, rows, stride);
  return crop_view(pixels, stride, 0, top, request.channels, request.crop);
}

}  // namespace hasten
