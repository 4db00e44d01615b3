// channel_pruning: channels that training has made small are removed, and the layers really become smaller.
#pragma once

#include <memory>

#include "hasten/spec/method_spec.h"

namespace hasten {

class Method;

struct ChannelPruningParams {
  double pressure = 0.005;
  double threshold = 0.1;
  double interval = 0.1;
  double end = 0.75;
  int64_t minimum = 8;
  static constexpr auto schema() {
    using P = ChannelPruningParams;
    return std::tuple{
        field("pressure", &P::pressure, at_least(0),
              "how much shorter a channel's filter becomes a step, in learning rates"),
        field("threshold", &P::threshold, open(0, 1),
              "a channel goes when its filter is shorter than this share of its layer's longest"),
        field("interval", &P::interval, {0, 1, true, false}, "share of the budget between removals"),
        field("end", &P::end, {0, 1, true, false}, "share of the budget after which pressure and removal stop"),
        field("minimum", &P::minimum, at_least(1), "channels that a layer keeps at least")};
  }
};

inline MethodSpec channel_pruning_spec() {
  return {.name = "channel_pruning",
          .summary = "shrink filters of convolutions, remove the channels that vanish, go on with smaller layers",
          .maths =
              "after each update before end: w_g ← w_g·max(0, 1 − lr·pressure / ‖w_g‖) of each filter g; after each\n"
              "interval of the budget g goes if ‖w_g‖ < threshold·max ‖w_h‖ of its layer; minimum filters stay",
          .component = Component::kParameters,
          .verbs = {Verb::kRemove},
          .saves = Factor::kIterationCost,
          .raises = Factor::kIterations,
          .cite = "Lym, Choukse, Zangeneh, Wen, Sanghavi, Erez, PruneTrain, arXiv:1901.09290",
          .uses = {{Site::plan(), Phase::kStructure},
                   {Site::replan(), Phase::kStructure},
                   {Event::kAfterUpdate, Phase::kApply}},
          .effects = kPlanModel | kParameterValues | kBufferValues | kOptimizerState,
          .needs = kImages,
          .conflicts = {"progressive_stacking"},
          .families = {"convnet", "resnet"},
          .relieves = {Bottleneck::kCompute, Bottleneck::kMemoryBandwidth, Bottleneck::kMemory},
          .neutral = no_neutral("pressure and removal are settings of their own, and each acts alone"),
          .conformance = {{"threshold", "0.9"}, {"interval", "0.25"}, {"minimum", "2"}},
          .min_horizon = {4, Unit::kStep},
          .params = describe<ChannelPruningParams>()};
}
std::unique_ptr<Method> make_channel_pruning(const ChannelPruningParams& params);

}  // namespace hasten
