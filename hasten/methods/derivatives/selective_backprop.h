// selective_backprop: of every batch, only the samples of large loss are trained on.
#pragma once

#include <memory>

#include "hasten/spec/method_spec.h"

namespace hasten {

class Method;

enum class Scorer { kProxy, kStale, kSelf };
constexpr std::array<std::string_view, 3> choices(Scorer) { return {"proxy", "stale", "self"}; }
enum class SampleChoice { kTop, kPercentile };
constexpr std::array<std::string_view, 2> choices(SampleChoice) { return {"top", "percentile"}; }

struct SelectiveBackpropParams {
  Scorer scorer = Scorer::kProxy;
  double keep = 0.5;
  SampleChoice choice = SampleChoice::kTop;
  double start = 0;
  double end = 0.9;
  int64_t interval = 1;
  double proxy_width = 0.25;
  double proxy_lr = 2e-3;
  int64_t proxy_interval = 4;
  static constexpr auto schema() {
    using P = SelectiveBackpropParams;
    return std::tuple{
        field("scorer", &P::scorer,
              "whose loss decides; proxy: a narrower model trained beside; stale: each sample's last; self: an extra "
              "pass"),
        field("keep", &P::keep, {0, 1, true, false}, "share of the batch that is trained on"),
        field("choice", &P::choice, "top: the largest losses; percentile: by chance, percentile^(1/keep - 1)"),
        field("start", &P::start, half_open(0, 1), "share of the budget after which batches are cut"),
        field("end", &P::end, {0, 1, true, false}, "share of the budget after which batches are whole again"),
        field("interval", &P::interval, at_least(1),
              "1: every batch is cut; 2: every second, the others are whole; and so on", "steps"),
        field("proxy_width", &P::proxy_width, {0, 1, true, false}, "channels of the proxy, of those of the model"),
        field("proxy_lr", &P::proxy_lr, above(0), "learning rate of the proxy (AdamW)"),
        field("proxy_interval", &P::proxy_interval, at_least(1), "the proxy learns in every so many steps", "steps")};
  }
};

inline MethodSpec selective_backprop_spec() {
  return {.name = "selective_backprop",
          .summary = "score the samples of a batch by loss, train on the hardest only",
          .maths =
              "start ≤ t < end, each interval-th step: train on round(keep·n) of n, largest ℓ or ∝ q^(1/keep − 1)\n"
              "q = percentile of ℓ; ℓ of a proxy (proxy_width, proxy_lr, proxy_interval), last in training, or own",
          .component = Component::kDerivatives,
          .verbs = {Verb::kRemove},
          .saves = Factor::kIterationCost,
          .raises = Factor::kIterations,
          .cite = "Jiang et al., arXiv:1910.00762; proxy: K. Jordan, arXiv:2404.00498",
          .uses = {{Site::plan(), Phase::kStructure},
                   {Seam::kBatchTransform, Phase::kSelect},
                   {Event::kBatchReady, Phase::kObserve},
                   {Event::kAfterLoss, Phase::kObserve}},
          .effects = kInputs | kTargets | kSampleChoice,
          .needs = kClassLabels,
          .relieves = {Bottleneck::kCompute, Bottleneck::kAugment},
          .worsens = {Bottleneck::kStorage, Bottleneck::kDecode},
          .neutral = exact("keep", 1),
          .conformance = {{"keep", "0.5"}},
          .min_horizon = {2, Unit::kStep},
          .params = describe<SelectiveBackpropParams>()};
}
std::unique_ptr<Method> make_selective_backprop(const SelectiveBackpropParams& params);

}  // namespace hasten
