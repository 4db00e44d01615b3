// Fixed shares of rows.
#include "hasten/nn/fused_numbers.h"

#include <ATen/Parallel.h>

namespace hasten {

int64_t row_shares(int64_t rows, int64_t numbers_a_row) {
  return std::clamp<int64_t>(rows / row_grain(numbers_a_row), 1, at::get_num_threads());
}

void each_share(int64_t rows, int64_t shares, const std::function<void(int64_t, int64_t, int64_t)>& work) {
  at::parallel_for(0, shares, 1, [&](int64_t first, int64_t last) {
    for (int64_t share = first; share < last; ++share) work(share, rows * share / shares, rows * (share + 1) / shares);
  });
}

}  // namespace hasten
