// What an operator costs by the shapes that record_shapes wrote: floating-point operations and bytes moved at least.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "hasten/trace/trace.h"

namespace hasten::trace {

// What decides how fast a device computes.
enum class Precision : uint8_t { kOther, kHalf, kSingle, kDouble };

struct OperatorCost {
  double flops = 0, bytes = 0;
  Precision precision = Precision::kOther;  // of the first operand
};

// For matrix products, convolutions and elementwise operators with shapes; nothing for others.
std::optional<OperatorCost> operator_cost(const Trace& trace, uint32_t row);

// "[[2, 3], [], [4]]" -> {{2, 3}, {}, {4}}; nothing when it is not a list of lists of numbers.
std::optional<std::vector<std::vector<int64_t>>> parse_dims(std::string_view text);
// Bytes of an element; 0: unknown. Takes the names of C++ ("float", "c10::BFloat16", "long int"), of PyTorch's scalar types
// ("Float", "ComplexHalf", "Float8_e4m3fn") and of communication libraries ("int8", "fp16").
int64_t element_bytes(std::string_view type);

}  // namespace hasten::trace
