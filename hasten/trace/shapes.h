// What an operator costs by the shapes that record_shapes wrote: floating-point operations and bytes moved at least.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "hasten/trace/trace.h"

namespace hasten::trace {

struct Cost {
  double flops = 0, bytes = 0;
};

// For matrix products, convolutions and elementwise operators with shapes; nothing for others.
std::optional<Cost> operator_cost(const Trace& trace, uint32_t row);

// "[[2, 3], [], [4]]" -> {{2, 3}, {}, {4}}; nothing when it is not a list of lists of numbers.
std::optional<std::vector<std::vector<int64_t>>> parse_dims(std::string_view text);
// "float", "c10::BFloat16", ... -> bytes of an element; 0: unknown.
int64_t element_bytes(std::string_view type);

}  // namespace hasten::trace
