// colour_jitter: brightness, contrast, saturation and hue of each image change at random.
#pragma once

#include <memory>

#include "hasten/spec/method_spec.h"

namespace hasten {

class Method;

struct ColourJitterParams {
  double brightness = 0.4, contrast = 0.4, saturation = 0.4, hue = 0;
  double chance = 1;
  static constexpr auto schema() {
    using P = ColourJitterParams;
    return std::tuple{field("brightness", &P::brightness, at_least(0), "factors are uniform in 1 - x to 1 + x"),
                      field("contrast", &P::contrast, at_least(0), "likewise, about the mean grey"),
                      field("saturation", &P::saturation, at_least(0), "likewise, about the grey of each pixel"),
                      field("hue", &P::hue, {0, 0.5}, "largest turn, of the circle of hues"),
                      field("chance", &P::chance, {0, 1}, "share of the images that change at all")};
  }
};

inline MethodSpec colour_jitter_spec() {
  return {.name = "colour_jitter",
          .summary = "change brightness, contrast, saturation and hue of each image at random",
          .maths =
              "with chance `chance`: factors U(max(0, 1 − s), 1 + s) for s = brightness, contrast, saturation; turn\n"
              "U(−hue, hue) of the circle of hues; the four in random order, on bytes, for each image alone",
          .component = Component::kDerivedData,
          .verbs = {Verb::kRetrofit},
          .saves = Factor::kIterations,
          .raises = Factor::kNone,
          .cite = "Krizhevsky, Sutskever, Hinton, NeurIPS 2012; Howard, arXiv:1312.5402",
          .uses = {{Seam::kBatchTransform, Phase::kColour}},
          .effects = kInputs,
          .needs = kImages,
          .relieves = {Bottleneck::kCompute},
          .worsens = {Bottleneck::kAugment},
          .neutral = exact("chance", 0),
          .strength = "chance",
          .params = describe<ColourJitterParams>()};
}
std::unique_ptr<Method> make_colour_jitter(const ColourJitterParams& params);

}  // namespace hasten
