// bigram_hash_embedding: a table of pairs of tokens.
#pragma once

#include <memory>

#include "hasten/spec/method_spec.h"

namespace hasten {

class Method;

struct BigramHashEmbeddingParams {
  int64_t rows = 0;
  static constexpr auto schema() {
    return std::tuple{field("rows", &BigramHashEmbeddingParams::rows, at_least(0),
                            "of the table; fewer than pairs are shared by a hash; 0: one a pair, at most 65536")};
  }
};

inline MethodSpec bigram_hash_embedding_spec() {
  return {.name = "bigram_hash_embedding",
          .summary = "each token also brings a learned row for the pair that it makes with the one before it",
          .maths =
              "x_t = E[w_t] + P[h(i)], P = 0 at first; i = V·w_{t−1} + w_t, for the first token V² + w_t; V tokens\n"
              "h = i, or (2654435769·i mod 2³¹) mod rows if rows < V·(V + 1); rows = 0: min(V·(V + 1), 65536)",
          .component = Component::kArchitecture,
          .verbs = {Verb::kRetrofit},
          .saves = Factor::kIterations,
          .raises = Factor::kIterationCost,
          .cite = "Svenstrup, Hansen, Winther, Hash embeddings, arXiv:1709.03933; modded-nanogpt, record 62",
          .uses = {{Site::plan(), Phase::kStructure}},
          .effects = kPlanModel,
          .families = {"gpt"},
          .relieves = {Bottleneck::kCompute},
          .worsens = {Bottleneck::kMemory},
          .neutral = no_neutral("rows that learn are there or not"),
          .conformance = {{"rows", "100"}},
          .params = describe<BigramHashEmbeddingParams>()};
}
std::unique_ptr<Method> make_bigram_hash_embedding(const BigramHashEmbeddingParams& params);

}  // namespace hasten
