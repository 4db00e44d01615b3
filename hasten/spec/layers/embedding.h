// From tokens to features: a row of a table for each token, and one for each position.
#pragma once

#include "hasten/spec/layer.h"

namespace hasten {

constexpr double kEmbeddingDeviation = 0.02;  // of start values, as in GPT-2

// With `pairs`, each token also has the row of the pair that it makes with the one before it; the first has one of its own
// kind. Where there are more pairs than rows, some share one: hash embeddings in the way of modded-nanogpt (record 62).
struct Embedding {
  static constexpr const char* kKind = "embedding";
  int64_t entries = 1;
  int64_t features = 1;
  int64_t pairs = 0;
  static constexpr auto schema() {
    return std::tuple{field("entries", &Embedding::entries, at_least(1), "different tokens"),
                      field("features", &Embedding::features, at_least(1), "features of each"),
                      field("pairs", &Embedding::pairs, at_least(0), "rows for pairs of tokens; 0: none")};
  }
  // {tokens} to {tokens, features}.
  Shape output(const Shape& in) const;
  std::vector<ParameterPlan> parameters(const Shape&) const;
  double flops(const Shape&) const { return 0; }
};

// Adds a learned vector for each position; a shorter input takes the first ones.
struct PositionEmbedding {
  static constexpr const char* kKind = "position_embedding";
  int64_t positions = 1;
  static constexpr auto schema() {
    using P = PositionEmbedding;
    return std::tuple{field("positions", &P::positions, at_least(1), "positions that have a vector")};
  }
  Shape output(const Shape& in) const;
  std::vector<ParameterPlan> parameters(const Shape& in) const {
    return {{"weight", {positions, in.at(1)}, Role::kEmbedding, {InitKind::kNormal, kEmbeddingDeviation}, 1, true}};
  }
  double flops(const Shape&) const { return 0; }
};

}  // namespace hasten
