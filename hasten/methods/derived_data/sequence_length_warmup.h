// sequence_length_warmup: short sequences first, none of their tokens left out.
#pragma once

#include <memory>

#include "hasten/spec/method_spec.h"

namespace hasten {

class Method;

struct SequenceLengthWarmupParams {
  double initial = 0.25;
  double warmup = 0.3;
  static constexpr auto schema() {
    using P = SequenceLengthWarmupParams;
    return std::tuple{
        field("initial", &P::initial, {0, 1, true, false}, "first length, as a share of the context"),
        field("warmup", &P::warmup, {0, 1, true, false}, "share of the budget after which samples are whole")};
  }
};

inline MethodSpec sequence_length_warmup_spec() {
  return {
      .name = "sequence_length_warmup",
      .summary = "cut the samples of text into shorter ones at first: as many tokens, less attention",
      .maths =
          "T tokens → T / s rows of s, s = largest divisor of T ≤ T·(initial + (1 − initial)·t / warmup)\n"
          "never below the smallest divisor ≥ initial·T; s = T from t = warmup on; t = share of the budget",
      .component = Component::kDerivedData,
      .verbs = {Verb::kReorder, Verb::kRestrict},
      .saves = Factor::kIterationCost,
      .raises = Factor::kIterations,
      .cite =
          "Li, Zhang, He, The stability-efficiency dilemma, arXiv:2108.06084; Press, Smith, Lewis, arXiv:2012.15832",
      .uses = {{Site::plan(), Phase::kSchedule}, {Seam::kBatchTransform, Phase::kGeometry}},
      .effects = kInputs | kTargets | kSampleChoice,
      .families = {"gpt"},
      .relieves = {Bottleneck::kCompute, Bottleneck::kMemoryBandwidth, Bottleneck::kMemory},
      .neutral = exact("initial", 1),
      .conformance = {{"initial", "0.5"}, {"warmup", "0.5"}},
      .min_horizon = {2, Unit::kStep},
      .params = describe<SequenceLengthWarmupParams>()};
}
std::unique_ptr<Method> make_sequence_length_warmup(const SequenceLengthWarmupParams& params);

}  // namespace hasten
