// batch_size_warmup: small batches first, the recipe's later.
#pragma once

#include <memory>

#include "hasten/spec/method_spec.h"

namespace hasten {

class Method;

struct BatchSizeWarmupParams {
  double initial = 0.25;
  Duration duration{0.5, Unit::kFraction};
  int64_t stages = 0;
  int64_t increment = 8;
  static constexpr auto schema() {
    using P = BatchSizeWarmupParams;
    return std::tuple{
        field("initial", &P::initial, {0, 1, true, false}, "first size as a share of batch.size"),
        field("duration", &P::duration, above(0), "training until batches have their full size"),
        field("stages", &P::stages, {0, 64}, "equally long stages of equal size on the way; 0: at every increment"),
        field("increment", &P::increment, at_least(1), "sizes on the way are multiples of it", "samples")};
  }
};

inline MethodSpec batch_size_warmup_spec() {
  return {.name = "batch_size_warmup",
          .summary = "batches grow to their size in the first part of training: more updates for the same samples",
          .maths =
              "size = B·(initial + (1 − initial)·u) down to a multiple of increment, in [increment, B]; B if u ≥ 1\n"
              "u = share of duration that is over, ⌊u·stages⌋ / stages if stages > 0; B = batch.size",
          .component = Component::kAlgorithm,
          .verbs = {Verb::kReorder},
          .saves = Factor::kIterations,
          .raises = Factor::kIterationCost,
          .cite = "Smith, Kindermans, Ying, Le, arXiv:1711.00489; McCandlish et al., arXiv:1812.06162",
          .uses = {{Site::plan(), Phase::kObserve}, {Seam::kSampler, Phase::kBatchSize}},
          .effects = kPlanRun | kSampleChoice,
          .relieves = {Bottleneck::kCompute},
          .worsens = {Bottleneck::kHost},
          .neutral = exact("initial", 1),
          .conformance = {{"initial", "0.25"}, {"stages", "2"}},
          .min_horizon = {2, Unit::kStep},
          .params = describe<BatchSizeWarmupParams>()};
}
std::unique_ptr<Method> make_batch_size_warmup(const BatchSizeWarmupParams& params);

}  // namespace hasten
