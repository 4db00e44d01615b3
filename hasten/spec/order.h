// Who acts in which order at each site, and which methods cannot meet.
#pragma once

#include <map>
#include <vector>

#include "hasten/spec/method_spec.h"

namespace hasten {

using MethodOrder = std::map<Site, std::vector<const MethodSpec*>>;

// Resolved once per site: by phase, then by `after` and `before`, ties by name. Sites that unwind are reversed.
// Throws ConfigError that names both methods for a declared conflict, two methods on an exclusive seam, or a cycle.
MethodOrder resolve_order(const std::vector<const MethodSpec*>& methods);

}  // namespace hasten
