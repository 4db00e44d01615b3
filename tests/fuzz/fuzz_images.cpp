// Fuzzes the image decoders: whatever the bytes are, the answer is pixels or a DataError, and what decodes without a
// warning as a whole decodes to the same pixels in part. Two bytes choose the format and how it is decoded, four the crop.
#include <cstdint>
#include <cstdlib>

#include "hasten/base/error.h"
#include "hasten/loader/codecs/decode.h"

namespace {

using namespace hasten;

constexpr Codec kCodecs[] = {Codec::kJpeg, Codec::kPng, Codec::kWebp};

// Kept as a worker keeps them: what one input leaves must not harm the next.
DecodeScratch& scratch() {
  static DecodeScratch kept;
  return kept;
}

uint64_t sum_of(const ImageView& image, const Rect& part) {
  uint64_t sum = 0;
  for (int y = part.y; y < part.y + part.height; ++y) {
    const uint8_t* row = image.row(y) + part.x * image.channels;
    for (int i = 0; i < part.width * image.channels; ++i) sum = sum * 31 + row[i];
  }
  return sum;
}

// A part of `length`, never empty.
void choose(int length, uint8_t begin, uint8_t extent, int& first, int& count) {
  first = length * begin / 256;
  count = 1 + (length - first - 1) * extent / 255;
}

void run_one(const uint8_t* choice, std::span<const uint8_t> bytes) {
  const SamplePayload payload{bytes, kCodecs[choice[0] % 3]};
  const ImageSize size = image_size(payload);
  DecodeRequest request;
  request.limits.max_pixels = 1 << 18;
  if (static_cast<uint64_t>(size.width) * static_cast<uint64_t>(size.height) <= request.limits.max_pixels) {
    choose(size.width, choice[2], choice[3], request.crop.x, request.crop.width);
    choose(size.height, choice[4], choice[5], request.crop.y, request.crop.height);
  }
  request.channels = (choice[1] & 1) != 0 ? 1 : 3;
  request.strict = (choice[1] & 2) != 0;
  if ((choice[1] & 4) != 0) {
    request.policy = DecodePolicy::kScaled;
    request.least_width = 1 + request.crop.width / 7;
    request.least_height = 1 + request.crop.height / 7;
    const DecodedImage image = decode(payload, request, scratch());
    sum_of(image, {0, 0, image.width, image.height});
    return;
  }
  request.policy = DecodePolicy::kFull;
  const DecodedImage whole = decode(payload, request, scratch());
  const uint64_t expected = sum_of(whole, {0, 0, request.crop.width, request.crop.height});
  request.policy = DecodePolicy::kPartial;
  if (!request.strict) {
    const DecodedImage part = decode(payload, request, scratch());
    sum_of(part, {0, 0, part.width, part.height});
    return;
  }
  // JPEG: what our entropy decoder takes, libjpeg's takes too, and to the same end.
  request.policy = DecodePolicy::kFull;
  request.strict = false;
  try {
    if (sum_of(decode(payload, request, scratch()), {0, 0, request.crop.width, request.crop.height}) != expected)
      std::abort();
    request.policy = DecodePolicy::kPartial;
    request.strict = true;
    if (sum_of(decode(payload, request, scratch()), {0, 0, request.crop.width, request.crop.height}) == expected)
      return;
  } catch (const DataError&) {}
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 6) return 0;
  try {
    run_one(data, {data + 6, size - 6});
  } catch (const hasten::DataError&) {}
  return 0;
}
