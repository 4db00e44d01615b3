// Functions of each number, with their gradients.
#pragma once

#include "hasten/nn/kernels/numbers.h"

namespace hasten::kernels {

// y = max(x, 0)^2 and dx = 2 max(x, 0) dy, for numbers begin .. end - 1.
void relu_squared(const Numbers& x, const Numbers& y, int64_t begin, int64_t end);
void relu_squared_backward(const Numbers& x, const Numbers& dy, const Numbers& dx, int64_t begin, int64_t end);

// y = x + branch, each in its own format.
void add(const Numbers& x, const Numbers& branch, const Numbers& y, int64_t begin, int64_t end);
void convert(const Numbers& x, const Numbers& y, int64_t begin, int64_t end);

}  // namespace hasten::kernels
