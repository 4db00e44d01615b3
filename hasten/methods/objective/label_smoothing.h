// label_smoothing: part of each label's probability goes to all classes.
#pragma once

#include <memory>

#include "hasten/spec/method_spec.h"

namespace hasten {

class Method;

struct LabelSmoothingParams {
  double amount = 0.1;
  static constexpr auto schema() {
    return std::tuple{
        field("amount", &LabelSmoothingParams::amount, half_open(0, 1), "probability that is spread over all classes")};
  }
};

inline MethodSpec label_smoothing_spec() {
  return {.name = "label_smoothing",
          .summary = "targets (1 - amount) y + amount / classes",
          .maths = "y ← (1 − amount)·y + amount / classes, y = onehot(label) or what mixing made of it",
          .component = Component::kObjective,
          .verbs = {Verb::kRetrofit},
          .saves = Factor::kIterations,
          .raises = Factor::kNone,
          .cite = "Szegedy et al., arXiv:1512.00567",
          .uses = {{Seam::kBatchTransform, Phase::kTarget}},
          .effects = kTargets,
          .relieves = {Bottleneck::kCompute},
          .neutral = exact("amount", 0),
          .conformance = {{"amount", "0.2"}},
          .params = describe<LabelSmoothingParams>()};
}
std::unique_ptr<Method> make_label_smoothing(const LabelSmoothingParams& params);

}  // namespace hasten
