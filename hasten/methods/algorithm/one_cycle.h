// one_cycle: the learning rate rises once and falls to nearly zero, over exactly the planned budget.
#pragma once

#include <memory>

#include "hasten/spec/method_spec.h"

namespace hasten {

class Method;

enum class CycleShape { kLinear, kCosine };
constexpr std::array<std::string_view, 2> choices(CycleShape) { return {"linear", "cosine"}; }

struct OneCycleParams {
  double warmup = 0.25;
  double start = 0.1;
  double end = 0.0;
  CycleShape shape = CycleShape::kLinear;
  double momentum_low = 0;
  static constexpr auto schema() {
    using P = OneCycleParams;
    return std::tuple{field("warmup", &P::warmup, open(0, 1), "share of the budget until the peak"),
                      field("start", &P::start, {0, 1}, "first learning rate as a share of the peak"),
                      field("end", &P::end, {0, 1}, "last learning rate as a share of the peak"),
                      field("shape", &P::shape, "of both flanks"),
                      field("momentum_low", &P::momentum_low, half_open(0, 1),
                            "momentum at the peak, from the optimizer's own at both ends; 0: momentum stays")};
  }
};

inline MethodSpec one_cycle_spec() {
  return {.name = "one_cycle",
          .summary = "learning rate up once, then down to the end of the budget; momentum opposite if asked",
          .maths =
              "lr / peak: start → 1 at warmup → end at the end of the budget; lines or half cosines (shape)\n"
              "momentum_low > 0: momentum (Adam: beta1): own → momentum_low at warmup → own, in the same shape",
          .component = Component::kAlgorithm,
          .verbs = {Verb::kReplace},
          .saves = Factor::kIterations,
          .raises = Factor::kNone,
          .cite = "Smith and Topin, Super-convergence, arXiv:1708.07120",
          .uses = {{Site::plan(), Phase::kSchedule}},
          .effects = kPlanRun,
          .relieves = {Bottleneck::kCompute},
          .neutral = no_neutral("a cycle is not constant"),
          .params = describe<OneCycleParams>()};
}
std::unique_ptr<Method> make_one_cycle(const OneCycleParams& params);

}  // namespace hasten
