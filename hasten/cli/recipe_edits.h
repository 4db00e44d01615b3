// Options of commands that read a recipe, with or without LibTorch.
#pragma once

#include <string>

#include "hasten/cli/command.h"
#include "hasten/spec/recipe.h"

namespace hasten::cli {

// Adds --with, --without and --set.
void add_recipe_edits(CLI::App& command, RecipeEdits& edits);

// Adds --device; what is given is for find_device of meter/device.h.
void add_device_option(CLI::App& command, std::string& device);

}  // namespace hasten::cli
