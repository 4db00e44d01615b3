// The inner loops of resizing, plain and with vector instructions; both give the same bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "hasten/loader/images/resize.h"

namespace hasten {

constexpr int kFilterOne = 1 << 14;  // what the weights of a window sum to
constexpr size_t kReadBeyond = 64;   // bytes that may be read, never used, past the end of a row

struct ResizeKernels {
  int taps_at_once;
  // Brings the weights across into the order that `across` reads them in.
  void (*arrange)(const FilterTable& table, int channels, std::vector<int16_t>& weights);
  // One row of pixels to `width` output pixels in units of 2^-7.
  void (*across)(const uint8_t* from, const FilterTable& table, const std::vector<int16_t>& weights, int channels,
                 int width, int16_t* to);
  // `count` rows of `length` values to bytes.
  void (*down)(const int16_t* const* rows, const int16_t* weights, int count, size_t length, uint8_t* to);
};

const ResizeKernels& portable_kernels();
const ResizeKernels& best_kernels();  // of this machine

}  // namespace hasten
