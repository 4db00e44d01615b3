// JPEG: parts are equal to parts of the whole, scales are what they say, and what is broken is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/loader/codecs/encode.h"
#include "hasten/loader/codecs/test_images.h"

namespace hasten {
namespace {

using test::copied;
using test::cropped;
using test::payload_of;
using test::Picture;

std::string reason_of(const std::vector<uint8_t>& bytes, const DecodeRequest& request = {}) {
  DecodeScratch scratch;
  try {
    decode(payload_of(bytes, Codec::kJpeg), request, scratch);
  } catch (const DataError& error) {
    return error.reason();
  }
  return "";
}

// Random crops of one file, decoded in part, against the same parts of the whole.
void expect_parts_equal(const std::vector<uint8_t>& jpeg, int channels, int crops, const std::string& what) {
  DecodeScratch whole_scratch, scratch;
  DecodeRequest request;
  request.channels = channels;
  request.policy = DecodePolicy::kFull;
  const DecodedImage whole = decode(payload_of(jpeg, Codec::kJpeg), request, whole_scratch);
  DecodeScratch other;
  request.strict = false;  // by libjpeg's own entropy decoder
  ASSERT_EQ(copied(decode(payload_of(jpeg, Codec::kJpeg), request, other)), copied(whole)) << what;
  request.strict = true;
  ASSERT_EQ(copied(decode(payload_of(jpeg, Codec::kJpeg), request, other)), copied(whole)) << what;
  ASSERT_EQ(copied(decode(payload_of(jpeg, Codec::kJpeg), request, other)), copied(whole)) << what << ", again";
  request.policy = DecodePolicy::kPartial;
  RandomStream random(2, operation("test.crops"), 0, jpeg.size());
  const auto below = [&](int n) { return static_cast<int>(random.below(static_cast<uint64_t>(n))); };
  for (int i = 0; i < crops; ++i) {
    Rect crop{below(whole.width), below(whole.height)};
    crop.width = 1 + below(whole.width - crop.x);
    crop.height = 1 + below(whole.height - crop.y);
    request.crop = crop;
    const DecodedImage part = decode(payload_of(jpeg, Codec::kJpeg), request, scratch);
    ASSERT_EQ(copied(part), cropped(whole, crop))
        << what << ": " << crop.width << " x " << crop.height << " at " << crop.x << ", " << crop.y;
  }
}

struct Layout {
  int across, down;
  bool progressive;
  int restart_rows;
};

class JpegParts : public testing::TestWithParam<Layout> {};

TEST_P(JpegParts, EqualPartsOfTheWhole) {
  const Layout& layout = GetParam();
  JpegSettings settings;
  settings.chroma_across = layout.across;
  settings.chroma_down = layout.down;
  settings.progressive = layout.progressive;
  settings.restart_rows = layout.restart_rows;
  for (const auto& [width, height] : {std::pair{97, 75}, {64, 64}, {33, 131}, {200, 17}, {1, 1}, {7, 40}}) {
    const Picture picture(width, height, 3);
    const auto jpeg = encode_jpeg(picture.view, settings);
    EXPECT_EQ(image_size(payload_of(jpeg, Codec::kJpeg)), (ImageSize{width, height, 3}));
    for (int channels : {3, 1}) expect_parts_equal(jpeg, channels, 60, cat(width, " x ", height, " to ", channels));
  }
}

INSTANTIATE_TEST_SUITE_P(Layouts, JpegParts,
                         testing::Values(Layout{1, 1, false, 0}, Layout{2, 1, false, 0}, Layout{1, 2, false, 0},
                                         Layout{2, 2, false, 0}, Layout{4, 1, false, 0}, Layout{4, 2, false, 0},
                                         Layout{1, 4, false, 0}, Layout{2, 4, false, 0}, Layout{2, 2, false, 1},
                                         Layout{2, 1, false, 2}, Layout{1, 1, true, 0}, Layout{2, 1, true, 0},
                                         Layout{1, 2, true, 0}, Layout{2, 2, true, 0}, Layout{2, 2, true, 1}));

// Tables of all kinds: long codes, large values, and those of one image.
TEST(Jpeg, HuffmanDecodingIsThatOfLibjpeg) {
  DecodeScratch kept;
  for (int quality : {1, 10, 50, 90, 100}) {
    for (bool optimize : {false, true}) {
      for (const auto& [width, height] : {std::pair{301, 203}, {40, 40}}) {
        const Picture picture(width, height, 3, static_cast<uint64_t>(quality));
        const auto jpeg = encode_jpeg(picture.view, {.quality = quality, .optimize = optimize});
        DecodeRequest request;
        for (int channels : {3, 1}) {
          for (int least : {0, 100, 50, 25, 1}) {
            request.channels = channels;
            request.policy = DecodePolicy::kScaled;
            request.least_width = request.least_height = least;
            request.strict = false;
            const auto expected = copied(decode(payload_of(jpeg, Codec::kJpeg), request, kept));
            request.strict = true;
            for (int time = 0; time < 2; ++time)
              ASSERT_EQ(copied(decode(payload_of(jpeg, Codec::kJpeg), request, kept)), expected)
                  << quality << ", " << width << ", to " << channels << " at " << least;
          }
        }
      }
    }
  }
}

TEST(Jpeg, AnyCutIsSeenWhereverItLies) {
  const Picture picture(200, 150, 3);
  const auto jpeg = encode_jpeg(picture.view, {.quality = 40});
  ASSERT_EQ(reason_of(jpeg), "");
  for (size_t lost = 1; lost + 700 < jpeg.size(); lost += lost < 50 ? 1 : 97) {
    const std::vector<uint8_t> cut(jpeg.begin(), jpeg.end() - static_cast<std::ptrdiff_t>(lost));
    EXPECT_NE(reason_of(cut), "") << lost;
  }
}

TEST(Jpeg, PartsOfGreyAreEqualToo) {
  for (bool progressive : {false, true}) {
    const Picture picture(90, 61, 1);
    const auto jpeg = encode_jpeg(picture.view, {.progressive = progressive});
    EXPECT_EQ(image_size(payload_of(jpeg, Codec::kJpeg)).channels, 1);
    expect_parts_equal(jpeg, 1, 60, "grey");
    expect_parts_equal(jpeg, 3, 60, "grey to colour");
  }
}

TEST(Jpeg, LooksLikeWhatWasEncoded) {
  const Picture picture(80, 60, 3);
  const auto jpeg = encode_jpeg(picture.view, {.quality = 98, .chroma_across = 1, .chroma_down = 1});
  DecodeScratch scratch;
  const auto pixels = copied(decode(payload_of(jpeg, Codec::kJpeg), {}, scratch));
  double squares = 0;
  for (size_t i = 0; i < pixels.size(); ++i) squares += std::pow(pixels[i] - picture.bytes[i], 2);
  EXPECT_LT(std::sqrt(squares / static_cast<double>(pixels.size())), 3);
}

TEST(Jpeg, ScalesOnlyAsFarAsPixelsAreLeft) {
  const Picture picture(401, 300, 3);
  const auto jpeg = encode_jpeg(picture.view);
  DecodeScratch scratch;
  const auto factor = [&](int least, DecodePolicy policy) {
    DecodeRequest request;
    request.crop = {3, 5, 256, 256};
    request.least_width = request.least_height = least;
    request.policy = policy;
    return decode(payload_of(jpeg, Codec::kJpeg), request, scratch).factor;
  };
  EXPECT_EQ(factor(129, DecodePolicy::kScaled), 1);
  EXPECT_EQ(factor(128, DecodePolicy::kScaled), 2);
  EXPECT_EQ(factor(64, DecodePolicy::kScaled), 4);
  EXPECT_EQ(factor(32, DecodePolicy::kScaled), 8);
  EXPECT_EQ(factor(1, DecodePolicy::kScaled), 8);
  EXPECT_EQ(factor(0, DecodePolicy::kScaled), 1);
  EXPECT_EQ(factor(86, DecodePolicy::kAuto), 1);
  EXPECT_EQ(factor(85, DecodePolicy::kAuto), 2);
  EXPECT_EQ(factor(32, DecodePolicy::kPartial), 1);
  EXPECT_EQ(factor(32, DecodePolicy::kFull), 1);
}

// A scaled crop shows the same part of the picture: its place to a fraction of a pixel.
TEST(Jpeg, ScaledCropLiesWhereItSays) {
  std::vector<uint8_t> ramp(400 * 300);
  for (int y = 0; y < 300; ++y)
    for (int x = 0; x < 400; ++x) ramp[static_cast<size_t>(y * 400 + x)] = static_cast<uint8_t>(x / 4 + y / 3);
  const auto jpeg = encode_jpeg({ramp.data(), 400, 300, 1, 400}, {.quality = 100});
  DecodeScratch scratch;
  for (int least : {100, 50, 25}) {
    DecodeRequest request;
    request.crop = {37, 53, 211, 203};
    request.channels = 1;
    request.least_width = request.least_height = least;
    request.policy = DecodePolicy::kScaled;
    const DecodedImage image = decode(payload_of(jpeg, Codec::kJpeg), request, scratch);
    EXPECT_EQ(image.factor, 200 / least);
    EXPECT_DOUBLE_EQ(image.crop_width, 211.0 / image.factor);
    EXPECT_GE(image.width, image.x + image.crop_width);
    EXPECT_LT(image.width, image.x + image.crop_width + 1);
    for (int y = 1; y + 1 < image.height; y += 7) {
      for (int x = 1; x + 1 < image.width; x += 5) {
        const double at_x = 37 + (x + 0.5 - image.x) * image.factor - 0.5;
        const double at_y = 53 + (y + 0.5 - image.y) * image.factor - 0.5;
        EXPECT_NEAR(image.row(y)[x], at_x / 4 + at_y / 3 - 0.75, 2.5) << x << ", " << y;
      }
    }
  }
}

TEST(Jpeg, WhatEndsTooEarlyIsCorrupt) {
  const Picture picture(120, 90, 3);
  for (bool progressive : {false, true}) {
    const auto jpeg = encode_jpeg(picture.view, {.progressive = progressive});
    for (size_t length :
         {size_t{0}, size_t{1}, size_t{3}, size_t{30}, size_t{200}, jpeg.size() / 2, jpeg.size() - 30}) {
      EXPECT_NE(reason_of({jpeg.begin(), jpeg.begin() + static_cast<std::ptrdiff_t>(length)}), "") << length;
    }
  }
}

TEST(Jpeg, LenientDecodingTakesWhatThereIs) {
  const Picture picture(120, 90, 3);
  auto jpeg = encode_jpeg(picture.view);
  jpeg.resize(jpeg.size() / 2);
  EXPECT_THAT(reason_of(jpeg), testing::HasSubstr("ends too early"));
  DecodeRequest request;
  request.strict = false;
  EXPECT_EQ(reason_of(jpeg, request), "");
}

TEST(Jpeg, HugeSizesAreRefusedBeforeMemoryIsTaken) {
  const Picture picture(16, 16, 3);
  auto jpeg = encode_jpeg(picture.view);
  for (size_t i = 0; i + 9 < jpeg.size(); ++i) {
    if (jpeg[i] == 0xFF && jpeg[i + 1] == 0xC0) {
      for (size_t k = 5; k < 9; ++k) jpeg[i + k] = 0xFF;
      break;
    }
  }
  EXPECT_EQ(image_size(payload_of(jpeg, Codec::kJpeg)), (ImageSize{65535, 65535, 3}));
  EXPECT_EQ(reason_of(jpeg), "expected at most 67108864 pixels, got 65535 x 65535");
}

TEST(Jpeg, ManyScansAreRefused) {
  // A progressive file whose last scan stands there over and over.
  const Picture picture(32, 32, 1);
  auto jpeg = encode_jpeg(picture.view, {.progressive = true});
  std::vector<size_t> scans;
  for (size_t i = 0; i + 1 < jpeg.size(); ++i)
    if (jpeg[i] == 0xFF && jpeg[i + 1] == 0xDA) scans.push_back(i);
  ASSERT_GE(scans.size(), 2u);
  const std::vector<uint8_t> scan(jpeg.begin() + static_cast<std::ptrdiff_t>(scans.back()), jpeg.end() - 2);
  jpeg.resize(jpeg.size() - 2);
  for (int i = 0; i < 200; ++i) jpeg.insert(jpeg.end(), scan.begin(), scan.end());
  jpeg.insert(jpeg.end(), {0xFF, 0xD9});
  DecodeRequest request;
  request.strict = false;  // a scan that says nothing new is only a warning
  EXPECT_EQ(reason_of(jpeg, request), "JPEG: more than 128 scans");
}

TEST(Jpeg, ADecoderGoesOnAfterAnError) {
  const Picture picture(64, 48, 3);
  const auto jpeg = encode_jpeg(picture.view);
  DecodeScratch scratch;
  const auto pixels = copied(decode(payload_of(jpeg, Codec::kJpeg), {}, scratch));
  for (size_t length = 0; length < jpeg.size(); length += 37) {
    const std::vector<uint8_t> broken(jpeg.begin(), jpeg.begin() + static_cast<std::ptrdiff_t>(length));
    EXPECT_THROW(decode(payload_of(broken, Codec::kJpeg), {}, scratch), DataError);
    ASSERT_EQ(copied(decode(payload_of(jpeg, Codec::kJpeg), {}, scratch)), pixels);
  }
}

}  // namespace
}  // namespace hasten
