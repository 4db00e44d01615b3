// Plans of recipes as the trainer would have them.
#pragma once

#include "hasten/core/registry.h"

namespace hasten {

// plan_run for recipes of any family of this program. Throws ConfigError for all that a trainer refuses before it opens
// the data, also for what the recipe's loader cannot do.
PlannedRun plan_recipe(const Recipe& recipe, const Registry& registry, bool allow_inert = false);

}  // namespace hasten
