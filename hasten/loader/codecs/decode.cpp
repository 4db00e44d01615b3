// Chooses the decoder, checks limits before it, and takes raw pixels as they are.
#include "hasten/loader/codecs/decode.h"

#include <cstdlib>
#include <new>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/loader/codecs/decoders.h"

namespace hasten {
namespace {

ImageSize raw_size(const SamplePayload& payload) {
  // Factors of at most 32, 32 and 8 bits: the product is checked in two steps, so that it cannot overflow.
  const uint64_t pixels = uint64_t{payload.width} * payload.height;
  const bool fits = payload.width > 0 && payload.height > 0 && payload.width <= 1u << 30 &&
                    payload.height <= 1u << 30 && (payload.channels == 1 || payload.channels == 3) &&
                    payload.bytes.size() / payload.channels == pixels && payload.bytes.size() % payload.channels == 0;
  if (!fits) {
    throw_corrupt(cat("expected raw pixels of ", payload.width, " x ", payload.height, " x ", int{payload.channels},
                      ", got ", payload.bytes.size(), " bytes"));
  }
  return {static_cast<int>(payload.width), static_cast<int>(payload.height), payload.channels};
}

// Channels x height x width to pixels, and one channel to three or three to one.
DecodedImage decode_raw(const SamplePayload& payload, const ImageSize& size, const DecodeRequest& request,
                        DecodeScratch& scratch) {
  const Rect& crop = request.crop;
  const auto width = static_cast<size_t>(size.width), channels = static_cast<size_t>(size.channels);
  if (payload.codec == Codec::kRaw && size.channels == request.channels) {
    return crop_view(payload.bytes.data(), width * channels, 0, 0, size.channels, crop);
  }
  const size_t pixel_step = payload.codec == Codec::kRaw ? channels : 1;
  const size_t channel_step = size.channels == 1 ? 0 : payload.codec == Codec::kRaw ? 1 : width * size.height;
  const size_t stride = static_cast<size_t>(crop.width) * static_cast<size_t>(request.channels);
  uint8_t* pixels = scratch.pixels(stride * static_cast<size_t>(crop.height));
  for (int y = 0; y < crop.height; ++y) {
    const uint8_t* from =
        payload.bytes.data() + (static_cast<size_t>(crop.y + y) * width + static_cast<size_t>(crop.x)) * pixel_step;
    uint8_t* to = pixels + static_cast<size_t>(y) * stride;
    for (int x = 0; x < crop.width; ++x, from += pixel_step) {
      if (request.channels == 3) {
        *to++ = from[0];
        *to++ = from[channel_step];
        *to++ = from[2 * channel_step];
      } else {
        *to++ = size.channels == 1 ? from[0] : luma(from[0], from[channel_step], from[2 * channel_step]);
      }
    }
  }
  return crop_view(pixels, stride, crop.x, crop.y, request.channels, crop);
}

}  // namespace

void throw_corrupt(const std::string& message) { throw DataError("", "", message); }

std::string_view name_of(DecodePolicy policy) {
  switch (policy) {
    case DecodePolicy::kFull: return "full";
    case DecodePolicy::kPartial: return "partial";
    case DecodePolicy::kScaled: return "scaled";
    case DecodePolicy::kAuto: return "auto";
  }
  throw InternalError("a decode policy without a name");
}

DecodeScratch::DecodeScratch() : pixels_(nullptr, std::free) {}
DecodeScratch::~DecodeScratch() = default;

uint8_t* DecodeScratch::pixels(size_t bytes) {
  if (bytes > capacity_) {
    const size_t capacity = (bytes + bytes / 4 + 127) / 64 * 64;  // a little more, for images of about one size
    pixels_.reset();
    capacity_ = 0;
    pixels_.reset(static_cast<uint8_t*>(std::aligned_alloc(64, capacity)));
    if (!pixels_) throw std::bad_alloc();
    capacity_ = capacity;
  }
  return pixels_.get();
}

JpegDecoder& DecodeScratch::jpeg() {
  if (!jpeg_) jpeg_ = std::make_unique<JpegDecoder>();
  return *jpeg_;
}

DecodedImage crop_view(const uint8_t* pixels, size_t stride, int left, int top, int channels, const Rect& crop) {
  DecodedImage image;
  image.pixels = pixels + static_cast<size_t>(crop.y - top) * stride +
                 static_cast<size_t>(crop.x - left) * static_cast<size_t>(channels);
  image.width = crop.width;
  image.height = crop.height;
  image.channels = channels;
  image.stride = stride;
  image.crop_width = crop.width;
  image.crop_height = crop.height;
  return image;
}

void to_luma(uint8_t* pixels, int width, int height, size_t stride) {
  for (int y = 0; y < height; ++y, pixels += stride) {
    for (int x = 0; x < width; ++x) pixels[x] = luma(pixels[3 * x], pixels[3 * x + 1], pixels[3 * x + 2]);
  }
}

ImageSize image_size(const SamplePayload& payload) {
  switch (payload.codec) {
    case Codec::kRaw:
    case Codec::kPlanar: return raw_size(payload);
    case Codec::kJpeg: return jpeg_size(payload.bytes);
    case Codec::kPng: return png_size(payload.bytes);
    case Codec::kWebp: return webp_size(payload.bytes);
    default: throw_corrupt(cat("expected an image, got ", name_of(payload.codec)));
  }
}

DecodedImage decode(const SamplePayload& payload, const DecodeRequest& wanted, DecodeScratch& scratch) {
  HASTEN_CHECK(wanted.channels == 1 || wanted.channels == 3, "one channel or three");
  const ImageSize size = image_size(payload);
  const uint64_t pixels = static_cast<uint64_t>(size.width) * static_cast<uint64_t>(size.height);
  if (pixels > wanted.limits.max_pixels) {
    throw_corrupt(cat("expected at most ", wanted.limits.max_pixels, " pixels, got ", size.width, " x ", size.height));
  }
  DecodeRequest request = wanted;
  Rect& crop = request.crop;
  if (crop.width == 0) crop = {0, 0, size.width, size.height};
  HASTEN_CHECK(crop.x >= 0 && crop.y >= 0 && crop.width > 0 && crop.height > 0 && crop.width <= size.width - crop.x &&
                   crop.height <= size.height - crop.y,
               "a crop inside of the image");
  switch (payload.codec) {
    case Codec::kJpeg: return scratch.jpeg().decode(payload.bytes, size, request, scratch);
    case Codec::kPng: return decode_png(payload.bytes, size, request, scratch);
    case Codec::kWebp: return decode_webp(payload.bytes, size, request, scratch);
    default: return decode_raw(payload, size, request, scratch);
  }
}

}  // namespace hasten
