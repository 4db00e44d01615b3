// Whole pipelines: the part they take, what flips and shifts do, and that nothing is left of samples before.
#include "hasten/loader/images/pipeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "hasten/base/error.h"
#include "hasten/loader/codecs/encode.h"
#include "hasten/loader/codecs/test_images.h"
#include "hasten/loader/images/resize.h"

namespace hasten {
namespace {

using test::copied;
using test::Picture;

std::vector<uint8_t> run(const ImagePlan& plan, const SamplePayload& payload, const SampleKey& key,
                         WorkScratch* scratch = nullptr) {
  const ImagePipeline pipeline(plan);
  const auto own = pipeline.scratch();
  std::vector<uint8_t> slot(pipeline.slot_bytes());
  StageClock clock;
  pipeline.run(payload, key, slot, scratch != nullptr ? *scratch : *own, clock);
  EXPECT_EQ(clock.enter(Stage::kDeliver), Stage::kAugment);
  return slot;
}

SamplePayload raw(const Picture& picture) {
  return {picture.bytes, Codec::kRaw, static_cast<uint32_t>(picture.view.width),
          static_cast<uint32_t>(picture.view.height), static_cast<uint8_t>(picture.view.channels)};
}

ImagePlan plan_of(int width, int height, int channels = 3) {
  ImagePlan plan;
  plan.width = width;
  plan.height = height;
  plan.channels = channels;
  return plan;
}

// The batch-wise transforms in words: mirror, then out[y][x] = in[reflect(y + down)][reflect(x + right)].
std::vector<uint8_t> flipped_and_shifted(const ImageView& image, bool mirrored, Shift shift) {
  const auto reflect = [](int i, int n) { return i < 0 ? -i : i < n ? i : 2 * (n - 1) - i; };
  std::vector<uint8_t> out;
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      const int from = reflect(x + shift.right, image.width);
      const uint8_t* pixel = image.row(reflect(y + shift.down, image.height)) +
                             (mirrored ? image.width - 1 - from : from) * image.channels;
      out.insert(out.end(), pixel, pixel + image.channels);
    }
  }
  return out;
}

TEST(ImagePipeline, FlipsAndShiftsLikeBatches) {
  for (const auto& [width, height, channels] : {std::tuple{32, 32, 3}, {13, 9, 3}, {28, 28, 1}, {5, 5, 3}}) {
    const Picture picture(width, height, channels);
    ImagePlan plan = plan_of(width, height, channels);
    plan.flip = Flip::kRandom;
    plan.translate = 4;
    std::map<std::pair<int, int>, int> seen;
    for (int64_t sample = 0; sample < 200; ++sample) {
      const SampleKey key{3, 5, sample};
      const Shift shift = draw_translate(key, 4);
      ++seen[{shift.down, shift.right}];
      ASSERT_EQ(run(plan, raw(picture), key), flipped_and_shifted(picture.view, draw_flip(key), shift));
    }
    EXPECT_GT(seen.size(), 60u);
  }
}

// The draws of data/transform.cpp, in its words.
TEST(ImagePipeline, DrawsAreThoseOfBatches) {
  for (uint64_t sample = 0; sample < 100; ++sample) {
    const SampleKey key{7, 2, static_cast<int64_t>(sample)};
    EXPECT_EQ(draw_flip(key), (RandomStream(7, operation("data.flip"), 2, sample).bits() & 1) == 1);
    RandomStream random(7, operation("data.translate"), 2, sample);
    const int down = static_cast<int>(random.below(5)) - 2, right = static_cast<int>(random.below(5)) - 2;
    EXPECT_EQ(draw_translate(key, 2), (Shift{down, right}));
    const bool coin = (RandomStream(7, operation("alternating_flip.coin"), 0, sample).bits() & 1) == 1;
    EXPECT_EQ(draw_alternating_flip({7, 0, key.sample}), coin);
    EXPECT_EQ(draw_alternating_flip({7, 1, key.sample}), !coin);
  }
}

TEST(ImagePipeline, ZerosStandOutsideWhereAsked) {
  const Picture picture(8, 8, 1);
  ImagePlan plan = plan_of(8, 8, 1);
  plan.translate = 3;
  plan.border = Border::kZero;
  for (int64_t sample = 0; sample < 30; ++sample) {
    const SampleKey key{1, 1, sample};
    const Shift shift = draw_translate(key, 3);
    const auto out = run(plan, raw(picture), key);
    for (int y = 0; y < 8; ++y) {
      for (int x = 0; x < 8; ++x) {
        const int from_y = y + shift.down, from_x = x + shift.right;
        const bool inside = from_y >= 0 && from_y < 8 && from_x >= 0 && from_x < 8;
        ASSERT_EQ(out[static_cast<size_t>(y * 8 + x)], inside ? picture.view.row(from_y)[from_x] : 0);
      }
    }
  }
}

TEST(ImagePipeline, RandomCropsAreResizedParts) {
  const Picture picture(125, 94, 3);
  const auto jpeg = encode_jpeg(picture.view);
  const SamplePayload payload{jpeg, Codec::kJpeg};
  DecodeScratch scratch;
  const DecodedImage whole = decode(payload, {}, scratch);
  ImagePlan plan = plan_of(48, 40);
  plan.geometry = Geometry::kRandomResizedCrop;
  plan.flip = Flip::kRandom;
  for (int64_t sample = 0; sample < 40; ++sample) {
    const SampleKey key{1, 2, sample};
    const Rect crop = draw_crop(key, {125, 94, 3}, plan.crop);
    ImageView part = whole;
    part.pixels = whole.row(crop.y) + crop.x * 3;
    part.width = crop.width;
    part.height = crop.height;
    std::vector<uint8_t> expected(48 * 40 * 3);
    const Box box{0, 0, static_cast<double>(crop.width), static_cast<double>(crop.height)};
    Resizer().run(part, box, 48, 40, draw_flip(key), expected.data());
    for (DecodePolicy policy : {DecodePolicy::kFull, DecodePolicy::kPartial}) {
      plan.decode = policy;
      ASSERT_EQ(run(plan, payload, key), expected) << sample;
    }
  }
}

TEST(ImagePipeline, CentreCropIsTheMiddleOfTheResized) {
  for (const auto& [width, height] : {std::pair{125, 94}, {60, 200}, {64, 64}}) {
    const Picture picture(width, height, 3);
    ImagePlan plan = plan_of(40, 40);
    plan.geometry = Geometry::kResizeCentreCrop;
    plan.shorter_side = 48;
    const int wide = width <= height ? 48 : 48 * width / height, high = height <= width ? 48 : 48 * height / width;
    std::vector<uint8_t> resized(static_cast<size_t>(wide * high * 3));
    const Box whole{0, 0, static_cast<double>(width), static_cast<double>(height)};
    Resizer().run(picture.view, whole, wide, high, false, resized.data());
    const ImageView view{resized.data(), wide, high, 3, static_cast<size_t>(wide * 3)};
    const Rect middle{static_cast<int>(std::nearbyint((wide - 40) / 2.0)),
                      static_cast<int>(std::nearbyint((high - 40) / 2.0)), 40, 40};
    const auto expected = test::cropped(view, middle), got = run(plan, raw(picture), {});
    for (size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], expected[i], 1) << i;
  }
}

// Past the caches, in blocks that begin where the slot is aligned.
TEST(ImagePipeline, LargeRawImagesAreCopiedAsTheyAre) {
  for (const int width : {301, 320}) {
    const Picture picture(width, 217, 3);
    const ImagePlan plan = plan_of(width, 217);
    EXPECT_TRUE(run(plan, raw(picture), {1, 0, 0}) == picture.bytes) << width;
    const ImagePipeline pipeline(plan);
    const auto scratch = pipeline.scratch();
    StageClock clock;
    std::vector<uint8_t> memory(pipeline.slot_bytes() + 40, 0xAB);
    for (const size_t at : {size_t{1}, size_t{7}, size_t{32}}) {
      pipeline.run(raw(picture), {1, 0, 0}, {memory.data() + at, pipeline.slot_bytes()}, *scratch, clock);
      EXPECT_TRUE(std::equal(picture.bytes.begin(), picture.bytes.end(), memory.begin() + static_cast<ptrdiff_t>(at)));
      EXPECT_EQ(memory[at - 1], 0xAB);
      EXPECT_EQ(memory[at + pipeline.slot_bytes()], 0xAB);
      std::fill(memory.begin(), memory.end(), 0xAB);
    }
  }
}

TEST(ImagePipeline, ColourStepsComeLast) {
  const Picture picture(20, 16, 3);
  ImagePlan plan = plan_of(20, 16);
  plan.flip = Flip::kRandom;
  plan.translate = 3;
  auto expected = run(plan, raw(picture), {1, 2, 3});
  plan.colour = {ColourJitter{0.4, 0.4, 0.4, 0.1}, TrivialAugment{}};
  ColourScratch scratch;
  apply_steps(plan.colour, {expected.data(), 20, 16, 3}, {1, 2, 3}, scratch);
  EXPECT_EQ(run(plan, raw(picture), {1, 2, 3}), expected);
}

TEST(ImagePipeline, EvaluationIsNeverScaled) {
  const Picture picture(400, 400, 3);
  const auto jpeg = encode_jpeg(picture.view);
  const SamplePayload payload{jpeg, Codec::kJpeg};
  ImagePlan plan = plan_of(50, 50);
  plan.geometry = Geometry::kResize;
  const auto exact = run(plan, payload, {});
  plan.decode = DecodePolicy::kScaled;
  EXPECT_NE(run(plan, payload, {}), exact);
  plan.evaluation = true;
  EXPECT_EQ(run(plan, payload, {}), exact);
}

TEST(ImagePipeline, ScaledPixelsAreNear) {
  const Picture picture(400, 300, 3);
  const auto jpeg = encode_jpeg(picture.view);
  const SamplePayload payload{jpeg, Codec::kJpeg};
  ImagePlan plan = plan_of(40, 40);
  for (Geometry geometry : {Geometry::kResize, Geometry::kResizeCentreCrop, Geometry::kRandomResizedCrop}) {
    plan.geometry = geometry;
    plan.shorter_side = 48;
    plan.crop.least_area = 0.5;
    for (int64_t sample = 0; sample < 5; ++sample) {
      plan.decode = DecodePolicy::kPartial;
      const auto exact = run(plan, payload, {1, 1, sample});
      plan.decode = DecodePolicy::kScaled;
      const auto scaled = run(plan, payload, {1, 1, sample});
      double squares = 0;
      for (size_t i = 0; i < exact.size(); ++i) squares += std::pow(exact[i] - scaled[i], 2);
      EXPECT_LT(std::sqrt(squares / static_cast<double>(exact.size())), 8) << name_of(geometry);
    }
  }
}

TEST(ImagePipeline, SamplesBeforeLeaveNoTrace) {
  const Picture large(211, 160, 3, 1), small(90, 120, 3, 2);
  const auto a = encode_jpeg(large.view), b = encode_jpeg(small.view, {.progressive = true});
  auto broken = a;
  broken.resize(a.size() / 2);
  ImagePlan plan = plan_of(64, 64);
  plan.geometry = Geometry::kRandomResizedCrop;
  plan.flip = Flip::kRandom;
  plan.translate = 5;
  const auto scratch = ImagePipeline(plan).scratch();
  for (int64_t sample = 0; sample < 20; ++sample) {
    const auto& bytes = sample % 3 == 0 ? b : a;
    const SampleKey key{1, 1, sample};
    const auto fresh = run(plan, {bytes, Codec::kJpeg}, key);
    ASSERT_EQ(run(plan, {bytes, Codec::kJpeg}, key, scratch.get()), fresh);
    if (sample % 4 == 0) {
      try {
        run(plan, {broken, Codec::kJpeg}, key, scratch.get());
      } catch (const DataError&) {}
    }
  }
}

TEST(ImagePipeline, ImagesOfAnotherSizeAreRefusedWithoutResizing) {
  const Picture picture(8, 9, 3);
  try {
    run(plan_of(8, 8), raw(picture), {});
    FAIL();
  } catch (const DataError& error) {
    EXPECT_EQ(error.reason(), "expected 8 x 8 pixels, got 8 x 9");
  }
}

TEST(ImagePipeline, WrongPlansAreRefused) {
  const auto where = [](const ImagePlan& plan) -> std::string {
    try {
      image_work(plan);
    } catch (const ConfigError& error) {
      return error.where();
    }
    return "";
  };
  EXPECT_EQ(where(plan_of(8, 8)), "");
  EXPECT_EQ(where(plan_of(0, 8)), "data.size");
  EXPECT_EQ(where(plan_of(8, 8, 2)), "data.channels");
  ImagePlan plan = plan_of(8, 8);
  plan.translate = 8;
  EXPECT_EQ(where(plan), "data.translate");
  plan.translate = 0;
  plan.geometry = Geometry::kResizeCentreCrop;
  plan.shorter_side = 7;
  EXPECT_EQ(where(plan), "data.shorter_side");
  plan.geometry = Geometry::kRandomResizedCrop;
  plan.crop.most_area = 1.5;
  EXPECT_EQ(where(plan), "data.crop_area");
  plan.crop = {};
  plan.crop.least_ratio = 2;
  EXPECT_EQ(where(plan), "data.crop_ratio");
  plan.crop = {};
  plan.colour = {TrivialAugment{1}};
  EXPECT_EQ(where(plan), "data.colour.trivial_augment.bins");
}

TEST(DrawCrop, PartsLieInsideAndCoverTheRanges) {
  double least = 1, most = 0, sum = 0;
  for (int64_t sample = 0; sample < 2000; ++sample) {
    const Rect crop = draw_crop({1, 1, sample}, {500, 375, 3}, {});
    ASSERT_TRUE(crop.x >= 0 && crop.y >= 0 && crop.x + crop.width <= 500 && crop.y + crop.height <= 375);
    const double area = crop.width * crop.height / 187500.0, ratio = static_cast<double>(crop.width) / crop.height;
    ASSERT_TRUE(area > 0.079 && area <= 1 && ratio > 0.74 && ratio < 1.35);
    least = std::min(least, area);
    most = std::max(most, area);
    sum += area;
  }
  EXPECT_LT(least, 0.09);
  EXPECT_GT(most, 0.97);
  EXPECT_NEAR(sum / 2000, 0.44, 0.02);  // large ones fit only with the proportions of the whole
  // Nothing fits: the largest crop in the middle.
  EXPECT_EQ(draw_crop({1, 1, 1}, {1000, 10, 3}, {.least_area = 0.9}), (Rect{493, 0, 13, 10}));
  EXPECT_EQ(draw_crop({1, 1, 1}, {1, 1, 3}, {}), (Rect{0, 0, 1, 1}));
}

}  // namespace
}  // namespace hasten
