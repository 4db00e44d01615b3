// Gradient of the filters of a convolution that keeps the size of images, in bf16 by tile registers: see tiles::available().
#pragma once

#include <cstdint>

namespace hasten::kernels {

struct ConvolutionFilters {
  int64_t height = 1,
          width = 1;  // of the input and of the output: the kernel is odd, padding is half of it, stride is 1
  int64_t channels_in = 1, channels_out = 1, kernel = 1;

  // What `gradient` adds to: [kernel kernel, channels_out, channels_in], both padded to whole panels.
  int64_t sums_size() const;
  // Images begin .. end - 1 of x [n, height, width, channels_in] and dy [n, height, width, channels_out], both bf16.
  void gradient(const uint16_t* x, const uint16_t* dy, int64_t begin, int64_t end, float* sums) const;
  // `count` sums of that form, one behind the other, added up into dweight [channels_out, kernel, kernel, channels_in].
  void gather(const float* sums, int64_t count, float* dweight) const;
};

}  // namespace hasten::kernels
