// tied_embeddings: one matrix for tokens that go in and tokens that come out.
#pragma once

#include <memory>

#include "hasten/spec/method_spec.h"

namespace hasten {

class Method;

struct TiedEmbeddingsParams {
  static constexpr auto schema() { return std::tuple{}; }
};

inline MethodSpec tied_embeddings_spec() {
  return {.name = "tied_embeddings",
          .summary = "the output matrix is the table of the embedding",
          .maths = "logits = E·h, E = table of the embedding: ∂L/∂E is the sum of both uses",
          .component = Component::kParameters,
          .verbs = {Verb::kRestrict},
          .saves = Factor::kIterations,
          .raises = Factor::kNone,
          .cite = "Press and Wolf, arXiv:1608.05859; Inan, Khosravi, Socher, arXiv:1611.01462",
          .uses = {{Site::plan(), Phase::kStructure}},
          .effects = kPlanModel,
          .families = {"gpt"},
          .relieves = {Bottleneck::kMemory},
          .neutral = no_neutral("one matrix is not two"),
          .conformance = {{"model.tied", "false"}},
          .params = describe<TiedEmbeddingsParams>()};
}
std::unique_ptr<Method> make_tied_embeddings(const TiedEmbeddingsParams& params);

}  // namespace hasten
