// Four pixels at a time, over their channels.
#include "hasten/kernels/max_pool.h"

#include <cstring>
#include <vector>

#include "hasten/kernels/vectorised.h"

namespace hasten::kernels {
namespace {

// Two rows of pixels to one of half the width. What is no number is greater than all, as in LibTorch.
HASTEN_VECTORISED void greatest_of_rows(const float* upper, const float* lower, int64_t columns, int64_t n, float* y,
                                        uint8_t* places) {
  for (int64_t column = 0; column < columns; ++column) {
    const float* __restrict a = upper + 2 * column * n, * __restrict b = a + n, * __restrict c = lower + 2 * column * n, * __restrict d = c + n;
    float* __restrict out = y + column * n;
    uint8_t* __restrict place = places + column * n;
    for (int64_t i = 0; i < n; ++i) {
      float most = a[i];
      int32_t at = 0;
      const bool second = b[i] > most || b[i] != b[i];
      most = second ? b[i] : most;
      at = second ? 1 : at;
      const bool third = c[i] > most || c[i] != c[i];
      most = third ? c[i] : most;
      at = third ? 2 : at;
      const bool fourth = d[i] > most || d[i] != d[i];
      out[i] = fourth ? d[i] : most;
      place[i] = static_cast<uint8_t>(fourth ? 3 : at);
    }
  }
}

template <class Value>
HASTEN_INLINE void spread_row(const Value* dy, const uint8_t* places, int64_t columns, int64_t n, Value* upper,
                              Value* lower) {
  for (int64_t column = 0; column < columns; ++column) {
    const Value* __restrict given = dy + column * n;
    const uint8_t* __restrict place = places + column * n;
    Value* __restrict a = upper + 2 * column * n, * __restrict b = a + n, * __restrict c = lower + 2 * column * n, * __restrict d = c + n;
    for (int64_t i = 0; i < n; ++i) a[i] = place[i] == 0 ? given[i] : Value{0};
    for (int64_t i = 0; i < n; ++i) b[i] = place[i] == 1 ? given[i] : Value{0};
    for (int64_t i = 0; i < n; ++i) c[i] = place[i] == 2 ? given[i] : Value{0};
    for (int64_t i = 0; i < n; ++i) d[i] = place[i] == 3 ? given[i] : Value{0};
  }
}
HASTEN_VECTORISED void spread32(const uint32_t* dy, const uint8_t* places, int64_t columns, int64_t n, uint32_t* upper,
                                uint32_t* lower) {
  spread_row(dy, places, columns, n, upper, lower);
}
HASTEN_VECTORISED void spread16(const uint16_t* dy, const uint8_t* places, int64_t columns, int64_t n, uint16_t* upper,
                                uint16_t* lower) {
  spread_row(dy, places, columns, n, upper, lower);
}

}  // namespace

void MaxPool::forward(const Numbers& x, const Numbers& y, uint8_t* places, int64_t begin, int64_t end) const {
  const int64_t in_row = width * channels, out_row = columns_out() * channels;
  std::vector<float> upper(static_cast<size_t>(in_row)), lower(upper.size()), out(static_cast<size_t>(out_row));
  std::vector<uint8_t> unwanted(out.size());
  for (int64_t row = begin; row < end; ++row) {
    const int64_t top = row / rows_out() * height + 2 * (row % rows_out());
    const float* above = load(x, top * in_row, in_row, upper.data());
    const float* below = load(x, (top + 1) * in_row, in_row, lower.data());
    greatest_of_rows(above, below, columns_out(), channels, out.data(),
                     places == nullptr ? unwanted.data() : places + row * out_row);
    store(out.data(), out_row, y, row * out_row);
  }
}

void MaxPool::backward(const Numbers& dy, const uint8_t* places, const Numbers& dx, int64_t begin, int64_t end) const {
  const int64_t in_row = width * channels, out_row = columns_out() * channels, size = bytes_of(dx.format);
  for (int64_t row = begin; row < end; ++row) {
    const int64_t top = row / rows_out() * height + 2 * (row % rows_out());
    void *upper = dx.at(top * in_row), *lower = dx.at((top + 1) * in_row), *given = dy.at(row * out_row);
    if (dx.format == Format::kFp32) {
      spread32(static_cast<const uint32_t*>(given), places + row * out_row, columns_out(), channels,
               static_cast<uint32_t*>(upper), static_cast<uint32_t*>(lower));
    } else {
      spread16(static_cast<const uint16_t*>(given), places + row * out_row, columns_out(), channels,
               static_cast<uint16_t*>(upper), static_cast<uint16_t*>(lower));
    }
    // What no square covers.
    for (int64_t y = top; y < top + 2 && width % 2 != 0; ++y)
      std::memset(dx.at(y * in_row + in_row - channels), 0, static_cast<size_t>(channels * size));
    if (height % 2 != 0 && row % rows_out() == rows_out() - 1)
      std::memset(dx.at((top + 2) * in_row), 0, static_cast<size_t>(in_row * size));
  }
}

}  // namespace hasten::kernels
