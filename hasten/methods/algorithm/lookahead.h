// lookahead: slow weights follow the fast ones every few steps, and the fast ones go back to them.
#pragma once

#include <memory>

#include "hasten/spec/method_spec.h"

namespace hasten {

class Method;

enum class SlowDown { kConstant, kCubic };
constexpr std::array<std::string_view, 2> choices(SlowDown) { return {"constant", "cubic"}; }

struct LookaheadParams {
  int64_t interval = 5;
  double alpha = 0.5;
  SlowDown over_run = SlowDown::kConstant;
  static constexpr auto schema() {
    using P = LookaheadParams;
    return std::tuple{
        field("interval", &P::interval, at_least(1), "fast steps between two steps of the slow weights", "steps"),
        field("alpha", &P::alpha, {0, 1, true, false}, "how far the slow weights go towards the fast ones"),
        field("over_run", &P::over_run,
              "constant; cubic: from all the way at the start to alpha at the end, 1 - (1 - alpha) t^3")};
  }
};

inline MethodSpec lookahead_spec() {
  return {.name = "lookahead",
          .summary = "every few steps slow weights move towards the fast ones, which restart from there",
          .maths =
              "every interval steps, and after the last one: slow ← slow + a·(fast − slow), then fast ← slow\n"
              "a = alpha (constant) or 1 − (1 − alpha)·t³ (cubic), t = share of the budget; statistics alike",
          .component = Component::kAlgorithm,
          .verbs = {Verb::kRetrofit},
          .saves = Factor::kIterations,
          .raises = Factor::kNone,
          .cite = "Zhang, Lucas, Hinton, Ba, arXiv:1907.08610; cubic: K. Jordan, arXiv:2404.00498",
          .uses = {{Site::plan(), Phase::kObserve},
                   {Event::kFitStart, Phase::kApply},
                   {Event::kAfterUpdate, Phase::kApply}},
          .effects = kParameterValues | kBufferValues,
          .relieves = {Bottleneck::kCompute},
          .worsens = {Bottleneck::kMemory},
          .neutral = exact("alpha", 1),
          .conformance = {{"interval", "2"}},
          .min_horizon = {2, Unit::kStep},
          .params = describe<LookaheadParams>()};
}
std::unique_ptr<Method> make_lookahead(const LookaheadParams& params);

}  // namespace hasten
