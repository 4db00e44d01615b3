// distillation: the model also learns the soft outputs of a trained teacher.
#pragma once

#include <memory>
#include <string>

#include "hasten/spec/method_spec.h"

namespace hasten {

class Method;

struct DistillationParams {
  double alpha = 0.5;
  double temperature = 2;
  double until = 1;
  std::string teacher;
  Duration teacher_budget{1, Unit::kFraction};
  std::string teacher_model;
  static constexpr auto schema() {
    using P = DistillationParams;
    return std::tuple{
        field("alpha", &P::alpha, {0, 1}, "weight of the teacher in the loss; the labels keep 1 - alpha"),
        field("temperature", &P::temperature, above(0), "divides both logits: higher shows more of the small outputs"),
        field("until", &P::until, {0, 1, true, false}, "share of the budget after which the teacher rests"),
        field("teacher", &P::teacher, "directory of a finished run; empty: a teacher is trained first"),
        field("teacher_budget", &P::teacher_budget, above(0),
              "length of the teacher's training; dur: a share of this run's own"),
        field("teacher_model", &P::teacher_model,
              "how its model differs from this recipe's, as in widths=[64,128]; empty: the same")};
  }
};

inline MethodSpec distillation_spec() {
  return {.name = "distillation",
          .summary = "learn from a teacher's softened outputs beside the labels",
          .maths =
              "t < until: loss = (1 − alpha)·CE + alpha·T²·KL(softmax(z_teacher / T) ‖ softmax(z / T)); then CE\n"
              "T = temperature; z_teacher of the run teacher, or of teacher_model trained first for teacher_budget",
          .component = Component::kObjective,
          .verbs = {Verb::kRetrofit},
          .saves = Factor::kIterations,
          .raises = Factor::kIterationCost,
          .cite = "Hinton, Vinyals, Dean, arXiv:1503.02531; Blakeney et al., arXiv:2211.00683",
          .uses = {{Site::plan(), Phase::kStructure}, {Seam::kPrelude, Phase::kTerm}, {Seam::kLossTerm, Phase::kTerm}},
          .effects = kLoss,
          .needs = kClassLabels,
          .before = {"auxiliary_classifier"},  // whose loss is added to what a teacher makes of the main one
          .relieves = {},
          .worsens = {Bottleneck::kCompute, Bottleneck::kMemory},
          .neutral = exact("alpha", 0),
          .conformance = {{"alpha", "0.5"}, {"until", "0.5"}, {"teacher_budget", "\"5step\""}},
          .params = describe<DistillationParams>()};
}
std::unique_ptr<Method> make_distillation(const DistillationParams& params);

}  // namespace hasten
