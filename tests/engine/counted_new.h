// Every allocation by operator new in this program is counted.
#pragma once

#include <cstdint>

namespace hasten {

int64_t allocations();

}  // namespace hasten
