// Products of small bf16 matrices by the processor's tile registers (Intel AMX), summed in fp32. Operands are packed once
// and used many times.
#pragma once

#include <cstdint>

namespace hasten::kernels::tiles {

constexpr int64_t kPanel = 32;  // rows of a left panel, columns of a right one
constexpr int64_t kStep = 32;  // of the inner dimension, which is summed over
constexpr int64_t kPanelStep = kPanel * kStep;  // numbers of a panel in a step

constexpr int64_t padded(int64_t count) { return (count + kPanel - 1) / kPanel * kPanel; }

// Whether this processor has them and this process may use them.
bool available();

// Sets up the registers of this thread while it lives. All of the below needs one.
class Session {
 public:
  Session();
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
};

// Rows of a left operand or columns of a right one are its lanes. One of the strides is 1.
struct Operand {
  const uint16_t* data = nullptr;  // bf16
  int64_t lane_stride = 1, inner_stride = 1;
  Operand from(int64_t lane, int64_t inner) const {
    return {data + lane * lane_stride + inner * inner_stride, lane_stride, inner_stride};
  }
};

// Into panels one behind the other, each padded(inner) / kStep steps long; missing lanes and inner places become 0.
void pack_left(const Operand& from, int64_t lanes, int64_t inner, uint16_t* panels);
void pack_right(const Operand& from, int64_t lanes, int64_t inner, uint16_t* panels);

// Where a row of 32 begins in a left panel.
constexpr int64_t row_place(int64_t row) { return row * kStep; }

// c [32, 32], rows `stride` apart, = a left panel times a right one, over `steps` steps.
void multiply(const uint16_t* left, const uint16_t* right, int64_t steps, float* c, int64_t stride);
// The same, added to c.
void multiply_add(const uint16_t* left, const uint16_t* right, int64_t steps, float* c, int64_t stride);
// c [32, 32] = 32 rows of a left operand that lie in memory, `row` numbers apart, times a right panel.
void multiply_rows(const uint16_t* left, int64_t row, const uint16_t* right, int64_t steps, float* c);

}  // namespace hasten::kernels::tiles
