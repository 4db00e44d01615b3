// progressive_resizing: small images first, full ones at the end.
#pragma once

#include <memory>

#include "hasten/spec/method_spec.h"
#include "hasten/spec/resizing.h"

namespace hasten {

class Method;

struct ProgressiveResizingParams {
  Resizing mode = Resizing::kBilinear;
  double initial_scale = 0.5;
  double delay = 0.5;
  double finetune = 0.2;
  int64_t size_increment = 4;
  static constexpr auto schema() {
    using P = ProgressiveResizingParams;
    return std::tuple{
        field("mode", &P::mode, "bilinear with a filter that fits the scale, nearest pixel, or a random part"),
        field("initial_scale", &P::initial_scale, {0, 1, true, false}, "side of the first images, of the full side"),
        field("delay", &P::delay, half_open(0, 1), "share of the budget before images begin to grow"),
        field("finetune", &P::finetune, half_open(0, 1), "last share of the budget, with full images"),
        field("size_increment", &P::size_increment, at_least(1), "smaller sides are multiples of this", "pixels")};
  }
};

inline MethodSpec progressive_resizing_spec() {
  return {
      .name = "progressive_resizing",
      .summary = "train on small images first, on full ones at the end",
      .maths =
          "side ← nearest multiple of size_increment to s(t)·side; s = initial_scale until delay, then a line\n"
          "to 1 at 1 − finetune; mode: antialiased bilinear, nearest pixel, or a crop, one random place a step",
      .component = Component::kDerivedData,
      .verbs = {Verb::kReorder, Verb::kRemove},
      .saves = Factor::kIterationCost,
      .raises = Factor::kIterations,
      .cite = "Howard, Now anyone can train ImageNet in 18 minutes (fast.ai, 2018); Touvron et al., arXiv:1906.06423",
      .uses = {{Site::plan(), Phase::kSchedule}, {Seam::kBatchTransform, Phase::kGeometry}},
      .effects = kInputs,
      .needs = kImages,
      .relieves = {Bottleneck::kCompute, Bottleneck::kMemoryBandwidth, Bottleneck::kTransfer},
      .neutral = exact("initial_scale", 1),
      .conformance = {{"initial_scale", "0.5"}, {"delay", "0.3"}, {"finetune", "0.3"}, {"size_increment", "2"}},
      .min_horizon = {2, Unit::kStep},
      .params = describe<ProgressiveResizingParams>()};
}
std::unique_ptr<Method> make_progressive_resizing(const ProgressiveResizingParams& params);

}  // namespace hasten
