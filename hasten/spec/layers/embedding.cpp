// Shapes of embeddings.
#include "hasten/spec/layers/embedding.h"

#include "hasten/base/error.h"
#include "hasten/base/text.h"

namespace hasten {

Shape Embedding::output(const Shape& in) const {
  if (in.size() != 1) throw ConfigError("model", "a sequence of tokens for an embedding", to_string(in));
  return {in[0], features};
}

Shape PositionEmbedding::output(const Shape& in) const {
  if (in.size() != 2) throw ConfigError("model", "{tokens, features} for positions", to_string(in));
  if (in[0] > positions)
    throw ConfigError("model", cat("at most ", positions, " tokens, which have a position"), to_string(in));
  return in;
}

}  // namespace hasten
