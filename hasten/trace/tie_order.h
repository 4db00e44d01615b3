// The order in which numpy's default sort leaves equal keys. HTA's results depend on it where events start together.
#pragma once

#include <cstdint>
#include <vector>

namespace hasten::trace {

// Indices that sort `keys`. Not stable: introsort with median of three and insertion sort up to 16 elements, as numpy's
// argsort (kind="quicksort", before 1.25 and on machines without AVX-512) does it.
std::vector<uint32_t> numpy_order(const std::vector<int64_t>& keys);

}  // namespace hasten::trace
