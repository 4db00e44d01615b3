// Rows of scores and of sums, where tile registers are: see tiles::available().
#pragma once

#include <cstdint>

namespace hasten::kernels {

// From scores to weights. Only the first `known` numbers of a row of x count, the others weigh nothing; rows
// have a whole number of steps. `left` is where the row begins in a left panel, `rows` one number behind the other.
// e^(x - highest) to `left`; returns their sum.
float softmax_row(const float* x, int64_t known, int64_t steps, float* highest, uint16_t* left);
// Backward, from the logarithm of the sum of e^x and the gradients of the weights: weights to `weight_row`, gradients of the
// scores to `slope_row` and `left`. x is scratch behind it.
void softmax_row_backward(float* x, const float* gradient, int64_t known, int64_t steps, float log_sum,
                          uint16_t* weight_row, uint16_t* slope_row, uint16_t* left);
// x factor in bf16.
void narrow_row(const float* x, int64_t count, float factor, uint16_t* to);

}  // namespace hasten::kernels
