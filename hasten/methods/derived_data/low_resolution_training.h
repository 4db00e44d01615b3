// low_resolution_training: smaller images than those that are evaluated.
#pragma once

#include <memory>

#include "hasten/spec/method_spec.h"
#include "hasten/spec/resizing.h"

namespace hasten {

class Method;

struct LowResolutionTrainingParams {
  double scale = 0.75;
  Resizing mode = Resizing::kBilinear;
  int64_t size_increment = 4;
  static constexpr auto schema() {
    using P = LowResolutionTrainingParams;
    return std::tuple{
        field("scale", &P::scale, {0, 1, true, false}, "side of the images that are trained on, of the full side"),
        field("mode", &P::mode, "bilinear with a filter that fits the scale, nearest pixel, or a random part"),
        field("size_increment", &P::size_increment, at_least(1), "sides are multiples of this", "pixels")};
  }
};

inline MethodSpec low_resolution_training_spec() {
  return {.name = "low_resolution_training",
          .summary = "train on smaller images than those that are evaluated, to the end",
          .maths =
              "height, width ← nearest multiple of size_increment to scale·height, scale·width, in training only\n"
              "mode: antialiased bilinear, nearest pixel, or a crop at one random place a step",
          .component = Component::kDerivedData,
          .verbs = {Verb::kRestrict},
          .saves = Factor::kIterationCost,
          .raises = Factor::kIterations,
          .cite = "Touvron, Vedaldi, Douze, Jegou, Fixing the train-test resolution discrepancy, arXiv:1906.06423",
          .uses = {{Site::plan(), Phase::kSchedule}, {Seam::kBatchTransform, Phase::kGeometry}},
          .effects = kInputs,
          .needs = kImages,
          .conflicts = {"progressive_resizing"},  // both say how large the images of a step are
          .relieves = {Bottleneck::kCompute, Bottleneck::kMemoryBandwidth, Bottleneck::kTransfer},
          .neutral = exact("scale", 1),
          .conformance = {{"scale", "0.7"}, {"size_increment", "2"}},
          .params = describe<LowResolutionTrainingParams>()};
}
std::unique_ptr<Method> make_low_resolution_training(const LowResolutionTrainingParams& params);

}  // namespace hasten
