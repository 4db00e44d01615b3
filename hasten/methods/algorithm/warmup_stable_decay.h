// warmup_stable_decay: a trapezoid of the learning rate.
#pragma once

#include <memory>

#include "hasten/spec/method_spec.h"

namespace hasten {

class Method;

enum class DecayShape { kLinear, kRoot, kCosine };
constexpr std::array<std::string_view, 3> choices(DecayShape) { return {"linear", "root", "cosine"}; }

struct WarmupStableDecayParams {
  double warmup = 0.02;
  double decay = 0.4;
  double end = 0;
  DecayShape shape = DecayShape::kLinear;
  static constexpr auto schema() {
    using P = WarmupStableDecayParams;
    return std::tuple{
        field("warmup", &P::warmup, half_open(0, 1), "share of the budget in which the rate rises"),
        field("decay", &P::decay, {0, 1, true, false}, "share of the budget in which it falls at last"),
        field("end", &P::end, half_open(0, 1), "last rate as a share of the highest"),
        field("shape", &P::shape, "a line, 1 - sqrt(t) as it falls, or half a cosine as it rises and as it falls")};
  }
};

inline MethodSpec warmup_stable_decay_spec() {
  return {
      .name = "warmup_stable_decay",
      .summary = "learning rate up, constant, and down in the last part of the budget",
      .maths =
          "lr / peak: 0 → 1 in warmup, 1, then 1 − (1 − end)·h(f) in the last decay of the budget, f = 0 → 1\n"
          "h = f (linear), √f in 32 lines (root) or (1 − cos πf) / 2 (cosine, which bends the rise, too)",
      .component = Component::kAlgorithm,
      .verbs = {Verb::kRestrict},
      .saves = Factor::kIterations,
      .raises = Factor::kNone,
      .cite = "Zhai et al., arXiv:2106.04560; Hu et al., MiniCPM, arXiv:2404.06395; Haegele et al., arXiv:2405.18392",
      .uses = {{Site::plan(), Phase::kSchedule}},
      .effects = kPlanRun,
      .conflicts = {"one_cycle"},  // both set the rate of the whole run
      .relieves = {Bottleneck::kCompute},
      .neutral = no_neutral("without warm-up and decay it would be a constant, which the schedule says better"),
      .params = describe<WarmupStableDecayParams>()};
}
std::unique_ptr<Method> make_warmup_stable_decay(const WarmupStableDecayParams& params);

}  // namespace hasten
