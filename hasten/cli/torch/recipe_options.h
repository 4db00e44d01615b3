// The options by which commands edit a recipe.
#pragma once

#include <string>

#include "hasten/cli/recipe_edits.h"
#include "hasten/core/registry.h"
#include "hasten/spec/recipe.h"

namespace hasten::cli {

// The methods that this program was built with.
const Registry& registry();

// "0.912", "91.2%" for accuracies, "-" for nothing; and one line for a metric.
std::string quality_text(const Metric& metric, double value);

}  // namespace hasten::cli
