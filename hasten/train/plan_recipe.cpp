// Plans of recipes as the trainer would have them.
#include "hasten/train/plan_recipe.h"

#include "hasten/data/pixel_transform.h"
#include "hasten/nn/recipe_model.h"

namespace hasten {

PlannedRun plan_recipe(const Recipe& recipe, const Registry& registry, bool allow_inert) {
  const std::optional<OwnModel> own = own_model_of(recipe);
  PlannedRun planned = plan_run(recipe, registry, own ? std::optional(own->plan) : std::nullopt, allow_inert);
  sample_steps(planned.plan.run, planned.engine);
  return planned;
}

}  // namespace hasten
