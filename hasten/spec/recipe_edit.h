// Edits of a recipe's document from the command line: --with, --without, --set.
#pragma once

#include "hasten/base/json_fwd.h"
#include "hasten/spec/recipe.h"

namespace hasten {

void apply_edits(Json& document, const RecipeEdits& edits);

}  // namespace hasten
