// cutout: squares of each image are blanked.
#pragma once

#include <memory>

#include "hasten/spec/method_spec.h"

namespace hasten {

class Method;

enum class CutoutPlaces { kSample, kBatch };
constexpr std::array<std::string_view, 2> choices(CutoutPlaces) { return {"sample", "batch"}; }

struct CutoutParams {
  int64_t holes = 1;
  double length = 0.5;
  CutoutPlaces places = CutoutPlaces::kSample;
  static constexpr auto schema() {
    using P = CutoutParams;
    return std::tuple{field("holes", &P::holes, {1, 64}, "squares in each image"),
                      field("length", &P::length, {0, 1}, "side of a square, of the shorter side of the image"),
                      field("places", &P::places,
                            "sample: each image has squares of its own; batch: all have them in the same places")};
  }
};

inline MethodSpec cutout_spec() {
  return {.name = "cutout",
          .summary = "blank random squares of the images",
          .maths =
              "x[c, i, j] ← 0 for (i, j) in holes squares of side round(length·min(height, width)), clipped\n"
              "centres uniform over the image; drawn by sample and epoch (places = sample) or by step (batch)",
          .component = Component::kDerivedData,
          .verbs = {Verb::kRetrofit},
          .saves = Factor::kIterations,
          .raises = Factor::kNone,
          .cite = "DeVries, Taylor, arXiv:1708.04552",
          .uses = {{Site::plan(), Phase::kSchedule}, {Seam::kBatchTransform, Phase::kColour}},
          .effects = kInputs,
          .needs = kImages,
          .relieves = {Bottleneck::kCompute},
          .worsens = {Bottleneck::kAugment},
          .neutral = exact("length", 0),
          .conformance = {{"length", "0.4"}, {"holes", "2"}},
          .strength = "length",
          .params = describe<CutoutParams>()};
}
std::unique_ptr<Method> make_cutout(const CutoutParams& params);

}  // namespace hasten
