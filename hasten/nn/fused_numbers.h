// What the functions around the kernels share: from tensors to plain numbers, and how work is cut into pieces.
#pragma once

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <functional>
#include <optional>

#include "hasten/kernels/numbers.h"

namespace hasten {

constexpr int64_t kKernelGrain = 1 << 14;  // numbers that are worth a thread
inline int64_t row_grain(int64_t numbers_a_row) {
  return std::max<int64_t>(1, kKernelGrain / std::max<int64_t>(1, numbers_a_row));
}

inline kernels::Numbers numbers_of(const at::Tensor& tensor) {
  const bool wide = tensor.scalar_type() == at::kFloat;
  return {tensor.data_ptr(), wide ? kernels::Format::kFp32 : kernels::Format::kBf16};
}

// bf16 as the kernels take it.
inline const uint16_t* halves_of(const at::Tensor& tensor) {
  return static_cast<const uint16_t*>(tensor.const_data_ptr());
}
inline uint16_t* mutable_halves_of(const at::Tensor& tensor) {
  return static_cast<uint16_t*>(tensor.mutable_data_ptr());
}

// Nothing for an undefined tensor.
inline const float* floats_of(const at::Tensor& tensor) {
  return tensor.defined() ? tensor.const_data_ptr<float>() : nullptr;
}
inline std::optional<at::Tensor> if_defined(const at::Tensor& tensor) {
  return tensor.defined() ? std::optional(tensor) : std::nullopt;
}

// For sums over rows: how many fixed pieces they are cut into, one a thread at most, so that a sum has the same order in
// every run.
int64_t row_shares(int64_t rows, int64_t numbers_a_row);
// Calls work(share, first row, row behind the last) for each, side by side.
void each_share(int64_t rows, int64_t shares, const std::function<void(int64_t, int64_t, int64_t)>& work);

}  // namespace hasten
