// Shapes of sequences.
#include "hasten/spec/layers/sequence.h"

#include "hasten/base/error.h"

namespace hasten {
namespace {

void check_sequence(const Shape& in) {
  if (in.size() != 2) throw ConfigError("model", "a sequence {tokens, features}", to_string(in));
}

}  // namespace

Shape PixelSequence::output(const Shape& in) const {
  if (in.size() != 3) throw ConfigError("model", "{channels, height, width} for a sequence of pixels", to_string(in));
  return {in[1] * in[2], in[0]};
}

Shape ClassToken::output(const Shape& in) const {
  check_sequence(in);
  return {in[0] + 1, in[1]};
}

Shape TokenAverage::output(const Shape& in) const {
  check_sequence(in);
  return {in[1]};
}

Shape FirstToken::output(const Shape& in) const {
  check_sequence(in);
  return {in[1]};
}

}  // namespace hasten
