// Shapes of embeddings.
#include "hasten/spec/layers/embedding.h"

#include "hasten/base/error.h"
#include "hasten/base/text.h"

namespace hasten {

Shape Embedding::output(const Shape& in) const {
  if (in.size() != 1) throw ConfigError("model", "a sequence of tokens for an embedding", to_string(in));
  return {in[0], features};
}

// Pairs start at zero, so that the model starts as one without them.
std::vector<ParameterPlan> Embedding::parameters(const Shape&) const {
  std::vector<ParameterPlan> list{
      {"weight", {entries, features}, Role::kEmbedding, {InitKind::kNormal, kEmbeddingDeviation}, 1, true}};
  if (pairs > 0) list.push_back({"pair_weight", {pairs, features}, Role::kEmbedding, {InitKind::kZeros, 0}, 1, true});
  return list;
}

Shape PositionEmbedding::output(const Shape& in) const {
  if (in.size() != 2) throw ConfigError("model", "{tokens, features} for positions", to_string(in));
  if (in[0] > positions)
    throw ConfigError("model", cat("at most ", positions, " tokens, which have a position"), to_string(in));
  return in;
}

}  // namespace hasten
