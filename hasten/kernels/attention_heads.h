// From the projections of a layer of attention to its heads: norm of queries and keys, turning by position, scale, and the
// layout that products of matrices want, in one pass.
#pragma once

#include "hasten/kernels/numbers.h"

namespace hasten::kernels {

struct AttentionHeads {
  int64_t tokens = 1, heads = 1, features = 1;  // of a sample; of a head
  bool norm = false;  // queries and keys divided by their root mean square
  float epsilon = 0, scale = 1;  // scale: of queries, behind the norm
  // [tokens, features / 2] of the angles by which pairs (i, i + features / 2) turn, or none.
  const float *cosine = nullptr, *sine = nullptr;

  // projected [positions, 3 heads features]: queries, keys, values. Each of `parts` [samples, heads, tokens, features].
  void forward(const Numbers& projected, const Numbers (&parts)[3], int64_t begin, int64_t end) const;
  // Gradients of the parts to those of the projections; positions begin .. end - 1 of all samples.
  void backward(const Numbers& projected, const Numbers (&gradients)[3], const Numbers& out, int64_t begin,
                int64_t end) const;
};

}  // namespace hasten::kernels
