// stochastic_depth: residual branches are left out at random in training.
#pragma once

#include <memory>

#include "hasten/spec/method_spec.h"

namespace hasten {

class Method;

enum class DropWhole { kBlock, kSample };
constexpr std::array<std::string_view, 2> choices(DropWhole) { return {"block", "sample"}; }
enum class DropOverDepth { kLinear, kUniform };
constexpr std::array<std::string_view, 2> choices(DropOverDepth) { return {"linear", "uniform"}; }

struct StochasticDepthParams {
  double rate = 0.2;
  DropWhole drop = DropWhole::kBlock;
  DropOverDepth over_depth = DropOverDepth::kLinear;
  static constexpr auto schema() {
    using P = StochasticDepthParams;
    return std::tuple{
        field("rate", &P::rate, half_open(0, 1), "chance that the last branch is left out"),
        field("drop", &P::drop, "block: for the whole batch, which saves its cost; sample: for each alone"),
        field("over_depth", &P::over_depth, "linear: from almost 0 at the first to rate at the last branch")};
  }
};

inline MethodSpec stochastic_depth_spec() {
  return {.name = "stochastic_depth",
          .summary = "leave residual branches out at random",
          .maths =
              "branch l of L: 0 with chance p, else branch / (1 − p); p = rate·l / L (linear) or rate (uniform)\n"
              "one draw a step (drop = block, then it is not computed) or a sample (sample); all run at evaluation",
          .component = Component::kArchitecture,
          .verbs = {Verb::kRemove},
          .saves = Factor::kIterationCost,
          .raises = Factor::kIterations,
          .cite = "Huang, Sun, Liu, Sedra, Weinberger, arXiv:1603.09382",
          .uses = {{Seam::kBlockWrapper, Phase::kSkip}},
          .effects = kOutputs,
          .families = {"resnet"},
          .relieves = {Bottleneck::kCompute, Bottleneck::kMemoryBandwidth},
          .neutral = exact("rate", 0),
          .conformance = {{"rate", "0.5"}},
          .strength = "rate",
          .params = describe<StochasticDepthParams>()};
}
std::unique_ptr<Method> make_stochastic_depth(const StochasticDepthParams& params);

}  // namespace hasten
