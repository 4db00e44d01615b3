// Functions of each number, with their gradients.
#pragma once

#include "hasten/kernels/numbers.h"

namespace hasten::kernels {

// y = max(x, 0)^2 and dx = 2 max(x, 0) dy, all in one format, for numbers begin .. end - 1.
void relu_squared(const Numbers& x, const Numbers& y, int64_t begin, int64_t end);
void relu_squared_backward(const Numbers& x, const Numbers& dy, const Numbers& dx, int64_t begin, int64_t end);

// y = x + branch; y is fp32 if one of them is.
void add(const Numbers& x, const Numbers& branch, const Numbers& y, int64_t begin, int64_t end);
// From one format to the other.
void convert(const Numbers& x, const Numbers& y, int64_t begin, int64_t end);

}  // namespace hasten::kernels
