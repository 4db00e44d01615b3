// colout: random rows and columns of the images are left out.
#pragma once

#include <memory>

#include "hasten/spec/method_spec.h"

namespace hasten {

class Method;

struct ColOutParams {
  double drop = 0.15;
  static constexpr auto schema() {
    return std::tuple{
        field("drop", &ColOutParams::drop, half_open(0, 1), "share of the rows, and of the columns, that is left out")};
  }
};

inline MethodSpec colout_spec() {
  return {.name = "colout",
          .summary = "leave random rows and columns out of the images of a batch",
          .maths =
              "x ← x[:, R, C]: max(1, ⌊(1 − drop)·height⌋) random rows R in order, columns C likewise\n"
              "the same R and C in all images of a step",
          .component = Component::kDerivedData,
          .verbs = {Verb::kRemove},
          .saves = Factor::kIterationCost,
          .raises = Factor::kIterations,
          .cite = "C. Kerr, MosaicML Composer 0.1 (2021)",
          .uses = {{Site::plan(), Phase::kSchedule}, {Seam::kBatchTransform, Phase::kGeometry}},
          .effects = kInputs,
          .needs = kImages,
          .relieves = {Bottleneck::kCompute, Bottleneck::kMemoryBandwidth},
          .neutral = exact("drop", 0),
          .conformance = {{"drop", "0.25"}},
          .strength = "drop",
          .params = describe<ColOutParams>()};
}
std::unique_ptr<Method> make_colout(const ColOutParams& params);

}  // namespace hasten
