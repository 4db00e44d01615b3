// infobatch: samples of small loss are left out at random, and the others of them weigh more.
#pragma once

#include <memory>

#include "hasten/spec/method_spec.h"

namespace hasten {

class Method;

struct InfoBatchParams {
  double ratio = 0.5;
  double anneal = 0.125;
  static constexpr auto schema() {
    using P = InfoBatchParams;
    return std::tuple{
        field("ratio", &P::ratio, half_open(0, 1), "chance that a sample below the mean loss is left out of an epoch"),
        field("anneal", &P::anneal, half_open(0, 1), "last share of the budget in which all samples are used")};
  }
};

inline MethodSpec infobatch_spec() {
  return {.name = "infobatch",
          .summary = "leave out samples whose loss is below the mean, at random; scale the rest up",
          .maths =
              "each epoch, if ℓ < mean ℓ: a sample is left out with chance ratio, else it weighs 1 / (1 − ratio)\n"
              "ℓ = last loss in training; all stay in epochs that begin in the last anneal of the budget",
          .component = Component::kTrainingData,
          .verbs = {Verb::kRemove},
          .saves = Factor::kIterations,
          .raises = Factor::kNone,  // epochs that it takes more are iterations, too: it saves the balance
          .cite = "Qin, Wang, Zheng et al., arXiv:2303.04947",
          .uses = {{Site::plan(), Phase::kStructure},
                   {Seam::kSampler, Phase::kSelect},
                   {Event::kAfterLoss, Phase::kObserve}},
          .effects = kPlanRun | kSampleChoice,
          .conflicts = {"sequence_length_warmup"},  // pieces of one sample have losses of their own
          .relieves = {Bottleneck::kCompute, Bottleneck::kStorage, Bottleneck::kDecode, Bottleneck::kAugment},
          .neutral = exact("ratio", 0),
          .conformance = {{"ratio", "0.5"}},
          .min_horizon = {2, Unit::kEpoch},
          .params = describe<InfoBatchParams>()};
}
std::unique_ptr<Method> make_infobatch(const InfoBatchParams& params);

}  // namespace hasten
