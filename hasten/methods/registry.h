// Every method's spec and factory.
#pragma once

#include <vector>

#include "hasten/core/registry.h"

namespace hasten {

std::vector<MethodEntry> method_entries();

}  // namespace hasten
