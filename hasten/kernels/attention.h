// Attention with its scores in the caches, in bf16, by tile registers: see tiles::available().
#pragma once

#include <cstdint>

namespace hasten::kernels {

struct Attention {
  int64_t tokens = 1, heads = 1, features = 1;  // of a sample; of a head
  bool causal = true;
  // [samples, heads, tokens, features], queries scaled; bf16.
  const uint16_t *queries = nullptr, *keys = nullptr, *values = nullptr;

  // Of heads begin .. end - 1 of all samples. seen [samples, tokens, heads, features] in bf16; sums [samples, heads, tokens]:
  // the logarithm of the sum of e^score of each query.
  void forward(uint16_t* seen, float* sums, int64_t begin, int64_t end) const;

  struct Gradients {
    uint16_t *queries = nullptr, *keys = nullptr, *values = nullptr;  // as above
  };
  void backward(const uint16_t* dseen, const float* sums, const Gradients& out, int64_t begin, int64_t end) const;
};

}  // namespace hasten::kernels
