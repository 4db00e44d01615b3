// The options by which commands edit a recipe.
#pragma once

#include <string>

#include "hasten/cli/command.h"
#include "hasten/core/registry.h"
#include "hasten/spec/recipe.h"

namespace hasten::cli {

// Adds --with, --without and --set.
void add_recipe_edits(CLI::App& command, RecipeEdits& edits);

// Adds --device; what is given is for find_device of meter/device.h.
void add_device_option(CLI::App& command, std::string& device);

// The methods that this program was built with.
const Registry& registry();

// "0.912", "91.2%" for accuracies, "-" for nothing; and one line for a metric.
std::string quality_text(const Metric& metric, double value);

}  // namespace hasten::cli
