// Maxima over squares of two by two pixels of images whose channels lie last.
#pragma once

#include "hasten/kernels/numbers.h"

namespace hasten::kernels {

struct MaxPool {
  int64_t height = 0, width = 0, channels = 0;  // of the input; a last odd row or column counts nowhere
  int64_t rows_out() const { return height / 2; }
  int64_t columns_out() const { return width / 2; }

  // Rows begin .. end - 1 of all images' outputs. `places` [outputs]: which of the four was greatest, 0 .. 3 row by row, the
  // first of equal ones; none where no gradient will be asked for.
  void forward(const Numbers& x, const Numbers& y, uint8_t* places, int64_t begin, int64_t end) const;
  // Writes all of dx for these rows: zeros, too.
  void backward(const Numbers& dy, const uint8_t* places, const Numbers& dx, int64_t begin, int64_t end) const;
};

}  // namespace hasten::kernels
