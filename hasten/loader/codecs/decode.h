// An encoded sample becomes pixels: whole, only a part of it, or smaller than it was stored.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "hasten/loader/sample_index.h"

namespace hasten {

struct Rect {
  int x = 0, y = 0, width = 0, height = 0;
  bool operator==(const Rect&) const = default;
};

struct ImageSize {
  int width = 0, height = 0;
  int channels = 0;  // 1 or 3 as stored; transparency does not count, of CMYK 3 are made
  bool operator==(const ImageSize&) const = default;
};

// From the header alone, without memory. Orientation tags are not followed. Throws DataError.
ImageSize image_size(const SamplePayload& payload);

enum class DecodePolicy : uint8_t {
  kFull,     // the whole image is decoded
  kPartial,  // only what the crop needs; the pixels are those of kFull
  kScaled,   // and JPEG at 1/2, 1/4 or 1/8 where the crop still has the pixels asked for; the pixels differ
  kAuto,     // and JPEG scaled only where half as many again are left: the filter that follows decides how it looks
};
std::string_view name_of(DecodePolicy policy);

struct DecodeLimits {
  uint64_t max_pixels = uint64_t{1} << 26;  // of the whole image as its header says
};

struct DecodeRequest {
  Rect crop;                              // inside the image; width 0: all of it
  int channels = 3;                       // wanted: 1 or 3
  int least_width = 0, least_height = 0;  // pixels the crop must keep when it is scaled; 0: it is not
  DecodePolicy policy = DecodePolicy::kPartial;
  DecodeLimits limits;
  bool strict = true;  // what decoders only warn of counts as corrupt
};

// Pixels that someone else owns: uint8, rows of width x channels.
struct ImageView {
  const uint8_t* pixels = nullptr;
  int width = 0, height = 0, channels = 0;
  size_t stride = 0;  // bytes from row to row
  const uint8_t* row(int y) const { return pixels + static_cast<size_t>(y) * stride; }
};

// The crop, and at a scale the pixels that it cuts through: it begins at (x, y), 0 <= x, y < 1, and is crop.width /
// factor by crop.height / factor large.
struct DecodedImage : ImageView {
  int factor = 1;
  double x = 0, y = 0, crop_width = 0, crop_height = 0;
};

// Buffers and decoders that one thread keeps from sample to sample.
class DecodeScratch {
 public:
  DecodeScratch();
  ~DecodeScratch();
  DecodeScratch(const DecodeScratch&) = delete;
  DecodeScratch& operator=(const DecodeScratch&) = delete;

  // At least so many bytes, aligned to 64; what was there before is lost.
  uint8_t* pixels(size_t bytes);
  class JpegDecoder& jpeg();

 private:
  std::unique_ptr<class JpegDecoder> jpeg_;
  std::unique_ptr<uint8_t[], void (*)(void*)> pixels_;
  size_t capacity_ = 0;
};

// The image lives until `scratch` is used again or the payload goes. Throws DataError(path "", location "", message)
// for what cannot be decoded, or is larger than the limit, which is checked before memory is taken.
DecodedImage decode(const SamplePayload& payload, const DecodeRequest& request, DecodeScratch& scratch);

}  // namespace hasten
