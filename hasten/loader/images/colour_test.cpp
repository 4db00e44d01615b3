// Operations on pixels against Pillow's bytes, and what policies draw.
#include "hasten/loader/images/colour.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>
#include <string>

#include "hasten/base/error.h"
#include "hasten/loader/codecs/test_images.h"
#include "hasten/loader/images/affine.h"
#include "hasten/loader/images/augment.h"
#include "hasten/loader/images/policy.h"

namespace hasten {
namespace {

using test::Picture;

struct Golden {
  const char* name;
  const char* hex;
};
constexpr Golden kGoldens[] = {
#include "hasten/loader/images/colour_goldens.inc"
};

// As in make_colour_goldens.py.
std::vector<uint8_t> picture(int width, int height, bool dim) {
  std::vector<uint8_t> bytes;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < 3; ++c) {
        const int value = (3 * x * x + 5 * y * y + x * y * (c + 2) + 40 * c + 17 * x) & 255;
        bytes.push_back(static_cast<uint8_t>(dim ? 50 + value * 5 / 12 : value));
      }
    }
  }
  return bytes;
}

std::string hex_of(const std::vector<uint8_t>& bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const uint8_t byte : bytes) out += {kDigits[byte >> 4], kDigits[byte & 15]};
  return out;
}

class Colour : public testing::TestWithParam<Golden> {};

TEST_P(Colour, GivesTheBytesOfPillow) {
  const std::string text = GetParam().name, name = text.substr(0, text.find(' '));
  const double value = std::strtod(text.c_str() + name.size(), nullptr);
  const int width = name == "equalize" ? 28 : 13, height = name == "equalize" ? 24 : 9;
  std::vector<uint8_t> bytes = picture(width, height, name == "autocontrast"), copy;
  const Pixels image{bytes.data(), width, height, 3};
  if (name == "brightness") adjust_brightness(image, value);
  else if (name == "contrast") adjust_contrast(image, value);
  else if (name == "saturation") adjust_saturation(image, value);
  else if (name == "sharpness") adjust_sharpness(image, value, copy);
  else if (name == "hue") adjust_hue(image, value);
  else if (name == "grey") make_grey(image);
  else if (name == "posterize") posterize(image, static_cast<int>(value));
  else if (name == "solarize") solarize(image, value);
  else if (name == "autocontrast") autocontrast(image);
  else if (name == "equalize") equalize(image);
  else if (name == "shear_x") apply_affine(image, shear_x(value), copy);
  else if (name == "shear_y") apply_affine(image, shear_y(value), copy);
  else if (name == "translate_x") apply_affine(image, translation(value, 0), copy);
  else if (name == "translate_y") apply_affine(image, translation(0, value), copy);
  else if (name == "rotate") apply_affine(image, rotation(value, width, height), copy);
  else FAIL() << name;
  EXPECT_EQ(hex_of(bytes), GetParam().hex);
}

INSTANTIATE_TEST_SUITE_P(Goldens, Colour, testing::ValuesIn(kGoldens), [](const auto& info) {
  std::string name = info.param.name;
  for (char& c : name) c = c == ' ' || c == '.' ? '_' : c == '-' ? 'm' : c;
  return name;
});

TEST(ColourOperations, OneChannel) {
  std::vector<uint8_t> bytes{10, 100, 200, 255}, copy;
  const Pixels image{bytes.data(), 2, 2, 1};
  adjust_saturation(image, 0);
  adjust_hue(image, 0.4);
  make_grey(image);
  EXPECT_THAT(bytes, testing::ElementsAre(10, 100, 200, 255));
  adjust_contrast(image, 0);
  EXPECT_THAT(bytes, testing::Each(141));  // 565 / 4 = 141.25
}

std::vector<uint8_t> changed(const std::vector<ColourStep>& steps, const SampleKey& key, const Picture& picture,
                             ColourScratch* scratch = nullptr) {
  std::vector<uint8_t> bytes = picture.bytes;
  ColourScratch own;
  apply_steps(steps, {bytes.data(), picture.view.width, picture.view.height, picture.view.channels}, key,
              scratch != nullptr ? *scratch : own);
  return bytes;
}

const std::vector<ColourStep> kOneOfEach{ColourJitter{0.4, 0.4, 0.4, 0.1}, RandAugment{}, TrivialAugment{}, AugMix{}};

TEST(ColourSteps, EachChangesPixelsByTheKeyAlone) {
  const Picture picture(40, 31, 3);
  for (const ColourStep& step : kOneOfEach) {
    ColourScratch scratch;
    std::set<std::vector<uint8_t>> seen;
    int other_with_another_seed = 0;
    for (int64_t sample = 0; sample < 40; ++sample) {
      const SampleKey key{1, 2, sample};
      const auto out = changed({step}, key, picture, &scratch);
      ASSERT_EQ(out, changed({step}, key, picture)) << name_of(step) << ": what came before shows";
      seen.insert(out);
      other_with_another_seed += changed({step}, {2, 2, sample}, picture) != out;
    }
    EXPECT_GE(seen.size(), 2u) << name_of(step);
    EXPECT_GT(other_with_another_seed, 0) << name_of(step);
    EXPECT_NO_THROW(check_step(step, "data.colour"));
  }
}

TEST(ColourSteps, AStepOfAnotherKindLeavesTheDrawsOfTheRest) {
  const Picture picture(20, 20, 3);
  const SampleKey key{1, 2, 3};
  const ColourJitter nothing{}, darker{.brightness = 0.9};
  const auto alone = changed({darker}, key, picture);
  EXPECT_EQ(changed({RandAugment{0}, darker}, key, picture), alone);
  EXPECT_NE(changed({nothing, darker}, key, picture), alone) << "two of a kind draw apart";
}

TEST(ColourSteps, NoChanceNoChange) {
  const Picture picture(20, 20, 3);
  for (const ColourStep& step :
       {ColourStep(ColourJitter{1, 1, 1, 0.5, 0}), ColourStep(ColourJitter{}), ColourStep(RandAugment{0})})
    for (int64_t sample = 0; sample < 5; ++sample)
      EXPECT_EQ(changed({step}, {1, 1, sample}, picture), picture.bytes) << name_of(step);
}

TEST(ColourSteps, AugMixOfAnEvenImageStaysNear) {
  // Shares sum to 1: the mixture of equal values is the value, up to truncation.
  std::vector<uint8_t> bytes(30 * 30, 100);
  ColourScratch scratch;
  for (int64_t sample = 0; sample < 50; ++sample) {
    std::vector<uint8_t> out = bytes;
    apply_steps({AugMix{1, 3, 1, 1.0, false}}, {out.data(), 30, 30, 1}, {1, 1, sample}, scratch);
    // At the lowest severity all operations are neutral but posterize, which rounds 100 down to 96.
    for (const uint8_t value : out) ASSERT_TRUE(value >= 96 && value <= 100) << int{value};
  }
}

TEST(ColourSteps, WrongOnesAreRefusedByName) {
  const auto where = [](const ColourStep& step) -> std::string {
    try {
      check_step(step, "data.colour");
    } catch (const ConfigError& error) {
      return error.where();
    }
    return "";
  };
  EXPECT_EQ(where(ColourJitter{.hue = 0.6}), "data.colour.colour_jitter.hue");
  EXPECT_EQ(where(ColourJitter{.brightness = -1}), "data.colour.colour_jitter.brightness");
  EXPECT_EQ(where(ColourJitter{.chance = 1.5}), "data.colour.colour_jitter.chance");
  EXPECT_EQ(where(RandAugment{2, 31, 31}), "data.colour.rand_augment.magnitude");
  EXPECT_EQ(where(AugMix{.severity = 11}), "data.colour.augmix.severity");
  EXPECT_EQ(where(TrivialAugment{1}), "data.colour.trivial_augment.bins");
}

TEST(Policies, StrengthsAreTorchvisions) {
  using enum PolicyOperation;
  const auto rand = [](PolicyOperation operation, int level) {
    return strength(Policy::kRandAugment, operation, level, 31, 224, 112);
  };
  EXPECT_NEAR(rand(kShearX, 9), 0.09, 1e-12);
  EXPECT_NEAR(rand(kTranslateX, 30), 150.0 / 331 * 224, 1e-9);
  EXPECT_NEAR(rand(kTranslateY, 30), 150.0 / 331 * 112, 1e-9);
  EXPECT_NEAR(rand(kRotate, 9), 9, 1e-12);
  EXPECT_NEAR(rand(kBrightness, 9), 0.27, 1e-12);
  EXPECT_EQ(rand(kPosterize, 9), 7);
  EXPECT_EQ(rand(kPosterize, 30), 4);
  EXPECT_NEAR(rand(kSolarize, 9), 178.5, 1e-9);
  EXPECT_EQ(strength(Policy::kTrivialAugment, kPosterize, 30, 31, 224, 224), 2);
  EXPECT_NEAR(strength(Policy::kTrivialAugment, kRotate, 20, 31, 224, 224), 90, 1e-9);
  EXPECT_NEAR(strength(Policy::kTrivialAugment, kTranslateX, 30, 31, 224, 224), 32, 1e-9);
  EXPECT_EQ(strength(Policy::kAugMix, kPosterize, 0, 10, 224, 224), 4);
  EXPECT_NEAR(strength(Policy::kAugMix, kTranslateX, 9, 10, 224, 224), 224 / 3.0, 1e-9);
  EXPECT_EQ(operations_of(Policy::kRandAugment).size(), 14u);
  EXPECT_EQ(operations_of(Policy::kAugMix).size(), 13u);
  EXPECT_EQ(operations_of(Policy::kAugMix, false).size(), 9u);
  for (const PolicyOperation operation : operations_of(Policy::kAugMix, false)) {
    EXPECT_TRUE(operation < kBrightness || operation > kSharpness);
  }
  EXPECT_TRUE(is_signed(kShearX) && is_signed(kSharpness) && is_signed(kRotate));
  EXPECT_FALSE(is_signed(kIdentity) || is_signed(kPosterize) || is_signed(kSolarize) || is_signed(kEqualize));
}

}  // namespace
}  // namespace hasten
