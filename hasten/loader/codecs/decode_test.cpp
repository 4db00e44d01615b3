// PNG, WebP and raw pixels: exact where the format is, parts equal to the whole, refusals with their reason.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spng.h>
#include <webp/encode.h>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/loader/codecs/test_images.h"

namespace hasten {
namespace {

using test::copied;
using test::cropped;
using test::payload_of;
using test::Picture;

std::vector<uint8_t> encode_png(const void* pixels, size_t bytes, uint32_t width, uint32_t height, uint8_t colour_type,
                                uint8_t depth = 8, bool interlaced = false) {
  spng_ctx* png = spng_ctx_new(SPNG_CTX_ENCODER);
  spng_ihdr header{width, height, depth, colour_type, 0, 0, static_cast<uint8_t>(interlaced)};
  spng_set_option(png, SPNG_ENCODE_TO_BUFFER, 1);
  EXPECT_EQ(spng_set_ihdr(png, &header), 0);
  EXPECT_EQ(spng_encode_image(png, pixels, bytes, SPNG_FMT_PNG, SPNG_ENCODE_FINALIZE), 0);
  size_t length = 0;
  int error = 0;
  auto* out = static_cast<uint8_t*>(spng_get_png_buffer(png, &length, &error));
  std::vector<uint8_t> result(out, out + length);
  std::free(out);
  spng_ctx_free(png);
  return result;
}

std::vector<uint8_t> encode_webp(const ImageView& image, float quality) {  // 0: without loss
  uint8_t* out = nullptr;
  const size_t length = quality > 0
                            ? WebPEncodeRGB(image.pixels, image.width, image.height, image.width * 3, quality, &out)
                            : WebPEncodeLosslessRGB(image.pixels, image.width, image.height, image.width * 3, &out);
  std::vector<uint8_t> result(out, out + length);
  WebPFree(out);
  return result;
}

std::vector<uint8_t> grey_of(const std::vector<uint8_t>& rgb) {
  std::vector<uint8_t> out;
  for (size_t i = 0; i < rgb.size(); i += 3) {
    out.push_back(static_cast<uint8_t>((rgb[i] * 19595 + rgb[i + 1] * 38470 + rgb[i + 2] * 7471 + 0x8000) >> 16));
  }
  return out;
}

std::vector<uint8_t> decoded(const SamplePayload& payload, int channels = 3, const Rect& crop = {},
                             DecodePolicy policy = DecodePolicy::kPartial) {
  DecodeScratch scratch;
  DecodeRequest request;
  request.channels = channels;
  request.crop = crop;
  request.policy = policy;
  return copied(decode(payload, request, scratch));
}

std::string refusal(const SamplePayload& payload) {
  try {
    decoded(payload);
  } catch (const DataError& error) {
    EXPECT_EQ(error.path(), "");
    return error.reason();
  }
  return "";
}

void expect_parts(const SamplePayload& payload, const std::string& what) {
  for (int channels : {1, 3}) {
    DecodeScratch scratch;
    DecodeRequest request;
    request.channels = channels;
    request.policy = DecodePolicy::kFull;
    const DecodedImage whole = decode(payload, request, scratch);
    RandomStream random(3, operation("test.crops"), 0, payload.bytes.size());
    const auto below = [&](int n) { return static_cast<int>(random.below(static_cast<uint64_t>(n))); };
    for (int i = 0; i < 40; ++i) {
      Rect crop{below(whole.width), below(whole.height)};
      crop.width = 1 + below(whole.width - crop.x);
      crop.height = 1 + below(whole.height - crop.y);
      ASSERT_EQ(decoded(payload, channels, crop), cropped(whole, crop))
          << what << " to " << channels << ": " << crop.width << " x " << crop.height << " at " << crop.x << ", "
          << crop.y;
    }
  }
}

TEST(Png, PixelsAreThoseEncoded) {
  for (bool interlaced : {false, true}) {
    const Picture rgb(53, 37, 3), grey(53, 37, 1);
    const auto colour =
        encode_png(rgb.bytes.data(), rgb.bytes.size(), 53, 37, SPNG_COLOR_TYPE_TRUECOLOR, 8, interlaced);
    EXPECT_EQ(image_size(payload_of(colour, Codec::kPng)), (ImageSize{53, 37, 3}));
    EXPECT_EQ(decoded(payload_of(colour, Codec::kPng)), rgb.bytes);
    EXPECT_EQ(decoded(payload_of(colour, Codec::kPng), 1), grey_of(rgb.bytes));
    expect_parts(payload_of(colour, Codec::kPng), "colour");
    const auto plain =
        encode_png(grey.bytes.data(), grey.bytes.size(), 53, 37, SPNG_COLOR_TYPE_GRAYSCALE, 8, interlaced);
    EXPECT_EQ(image_size(payload_of(plain, Codec::kPng)).channels, 1);
    EXPECT_EQ(decoded(payload_of(plain, Codec::kPng), 1), grey.bytes);
    expect_parts(payload_of(plain, Codec::kPng), "grey");
  }
}

TEST(Png, TransparencyAndSixteenBitsAreDropped) {
  const std::vector<uint8_t> rgba{10, 20, 30, 0, 40, 50, 60, 255};
  EXPECT_THAT(
      decoded(payload_of(encode_png(rgba.data(), rgba.size(), 2, 1, SPNG_COLOR_TYPE_TRUECOLOR_ALPHA), Codec::kPng)),
      testing::ElementsAre(10, 20, 30, 40, 50, 60));
  const std::vector<uint16_t> deep{0x0A00, 0x14FF, 0xFFFF};
  const auto png = encode_png(deep.data(), 6, 1, 1, SPNG_COLOR_TYPE_TRUECOLOR, 16);
  EXPECT_THAT(decoded(payload_of(png, Codec::kPng)), testing::ElementsAre(0x0A, 0x14, 0xFF));
  const auto grey = encode_png(deep.data(), 6, 3, 1, SPNG_COLOR_TYPE_GRAYSCALE, 16);
  EXPECT_THAT(decoded(payload_of(grey, Codec::kPng), 1), testing::ElementsAre(0x0A, 0x14, 0xFF));
}

TEST(Png, BrokenFilesAreRefused) {
  const Picture rgb(53, 37, 3);
  auto png = encode_png(rgb.bytes.data(), rgb.bytes.size(), 53, 37, SPNG_COLOR_TYPE_TRUECOLOR);
  for (size_t length : {size_t{0}, size_t{20}, size_t{40}, png.size() / 2}) {
    const std::vector<uint8_t> cut(png.begin(), png.begin() + static_cast<std::ptrdiff_t>(length));
    EXPECT_NE(refusal(payload_of(cut, Codec::kPng)), "") << length;
  }
  auto flipped = png;
  flipped[png.size() / 2] ^= 4;
  EXPECT_NE(refusal(payload_of(flipped, Codec::kPng)), "");
  for (size_t at : {16, 17, 20, 21}) png[at] = 0x7F;
  EXPECT_THAT(refusal(payload_of(png, Codec::kPng)), testing::StartsWith("expected at most 67108864 pixels, got "));
}

TEST(Webp, PartsAreEqualToTheWhole) {
  for (const auto& [width, height] : {std::pair{75, 61}, {64, 48}, {1, 9}, {130, 17}}) {
    const Picture picture(width, height, 3);
    const auto lossless = encode_webp(picture.view, 0);
    EXPECT_EQ(image_size(payload_of(lossless, Codec::kWebp)), (ImageSize{width, height, 3}));
    EXPECT_EQ(decoded(payload_of(lossless, Codec::kWebp)), picture.bytes);
    expect_parts(payload_of(lossless, Codec::kWebp), "lossless");
    const auto lossy = encode_webp(picture.view, 80);
    expect_parts(payload_of(lossy, Codec::kWebp), "lossy");
  }
}

TEST(Webp, BrokenFilesAreRefused) {
  const Picture picture(75, 61, 3);
  for (float quality : {0.0f, 80.0f}) {
    const auto webp = encode_webp(picture.view, quality);
    for (size_t length : {size_t{0}, size_t{11}, size_t{32}, webp.size() / 2}) {
      const std::vector<uint8_t> cut(webp.begin(), webp.begin() + static_cast<std::ptrdiff_t>(length));
      EXPECT_THAT(refusal(payload_of(cut, Codec::kWebp)), testing::StartsWith("WebP: ")) << length;
    }
  }
}

TEST(Raw, PixelsAreTakenAsTheyAreAndPlanesAreWoven) {
  const std::vector<uint8_t> bytes{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  SamplePayload payload{bytes, Codec::kRaw, 2, 2, 3};
  EXPECT_EQ(decoded(payload), bytes);
  EXPECT_THAT(decoded(payload, 3, {1, 0, 1, 2}), testing::ElementsAre(4, 5, 6, 10, 11, 12));
  EXPECT_EQ(decoded(payload, 1), grey_of(bytes));
  DecodeScratch scratch;
  EXPECT_EQ(decode(payload, {}, scratch).pixels, bytes.data()) << "no copy";
  payload.codec = Codec::kPlanar;
  EXPECT_THAT(decoded(payload), testing::ElementsAre(1, 5, 9, 2, 6, 10, 3, 7, 11, 4, 8, 12));
  EXPECT_THAT(decoded(payload, 3, {0, 1, 2, 1}), testing::ElementsAre(3, 7, 11, 4, 8, 12));
  payload = {bytes, Codec::kPlanar, 4, 3, 1};
  EXPECT_EQ(decoded(payload, 1), bytes);
  EXPECT_THAT(decoded(payload, 3, {2, 1, 1, 1}), testing::ElementsAre(7, 7, 7));
}

TEST(Raw, SizesThatDoNotFitAreRefused) {
  const std::vector<uint8_t> bytes(12);
  EXPECT_EQ(refusal({bytes, Codec::kRaw, 2, 3, 3}), "expected raw pixels of 2 x 3 x 3, got 12 bytes");
  EXPECT_NE(refusal({bytes, Codec::kRaw, 0x80000002u, 0x80000002u, 3}), "");
  EXPECT_NE(refusal({bytes, Codec::kRaw, 0, 0, 0}), "");
  EXPECT_NE(refusal({bytes, Codec::kPlanar, 3, 2, 2}), "");
  EXPECT_NE(refusal({bytes, Codec::kText}), "");
}

}  // namespace
}  // namespace hasten
