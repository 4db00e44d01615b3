// cautious_weight_decay: a weight decays only where the update moves it towards zero anyway.
#pragma once

#include <memory>

#include "hasten/spec/method_spec.h"

namespace hasten {

class Method;

struct CautiousWeightDecayParams {
  double opposed = 0;
  static constexpr auto schema() {
    return std::tuple{field("opposed", &CautiousWeightDecayParams::opposed, {0, 1},
                            "share of the decay that is left where the update moves a weight away from zero")};
  }
};

inline MethodSpec cautious_weight_decay_spec() {
  return {.name = "cautious_weight_decay",
          .summary = "decoupled weight decay only where it and the update pull the same way",
          .maths =
              "w ← w − lr·(u + c·weight_decay·w), u = the optimizer's direction\n"
              "c = 1 where u·w > 0, opposed elsewhere",
          .component = Component::kAlgorithm,
          .verbs = {Verb::kRestrict},
          .saves = Factor::kIterations,
          .raises = Factor::kNone,
          .cite = "Chen et al., Cautious weight decay, arXiv:2510.12402",
          .uses = {{Site::plan(), Phase::kObserve}, {Seam::kUpdateTransform, Phase::kDirection}},
          .effects = kParameterValues,
          .relieves = {Bottleneck::kCompute},
          // In two steps an update rounds otherwise than the fused kernel does.
          .neutral = {"opposed", 1, 1e-3, ""},
          .conformance = {{"opposed", "0"}, {"optimizer.weight_decay", "0.1"}, {"optimizer.decoupled", "true"}},
          .params = describe<CautiousWeightDecayParams>()};
}
std::unique_ptr<Method> make_cautious_weight_decay(const CautiousWeightDecayParams& params);

}  // namespace hasten
