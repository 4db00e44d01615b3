// Recipes of preludes.
#include "hasten/core/prelude.h"

namespace hasten {

Recipe plain_recipe(const Recipe& recipe, const std::string& name_suffix, const Duration& budget) {
  Recipe plain = recipe;
  plain.name += name_suffix;
  plain.methods.clear();
  std::erase_if(plain.schedules, [](const auto& entry) { return entry.first.rfind("method.", 0) == 0; });
  plain.budget =
      budget.unit == Unit::kFraction ? Duration{budget.value * recipe.budget.value, recipe.budget.unit} : budget;
  plain.evaluation.every = plain.checkpoint.every = {1, Unit::kFraction};
  return plain;
}

}  // namespace hasten
