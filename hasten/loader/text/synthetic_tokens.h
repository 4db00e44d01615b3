// Made-up text of any length, without files.
#pragma once

#include <memory>

#include "hasten/loader/formats/tokens.h"

namespace hasten {

struct SyntheticTokens {
  int64_t count = 1, vocabulary = 2;
  double noise = 0.25;  // share of tokens that nothing says
  uint64_t seed = 1;    // of the rule
  uint64_t part = 0;    // texts of one rule
};

// Each token follows from the two before it by a rule drawn once, or by chance: a model that learns the rule reaches a loss
// well below that of single tokens.
std::unique_ptr<TokenStream> synthetic_tokens(const SyntheticTokens& wanted);

}  // namespace hasten
