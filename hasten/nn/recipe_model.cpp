// The model of a recipe, wherever it comes from.
#include "hasten/nn/recipe_model.h"

#include "hasten/base/json.h"
#include "hasten/nn/planned_model.h"
#include "hasten/nn/script_model.h"

namespace hasten {

std::optional<OwnModel> own_model_of(const Recipe& recipe, const std::filesystem::path& run) {
  if (recipe.family->name != kTorchScript) return std::nullopt;
  const DatasetInfo data = recipe.dataset->info(recipe.dataset_params);
  recipe.family->build(recipe.family_params, data);  // refuses a recipe that names no file
  const std::filesystem::path copy = run / kModuleCopy;
  const bool copied = !run.empty() && std::filesystem::exists(copy);
  return script_model(copied ? copy : std::filesystem::path(recipe.family_params.get("path").get<std::string>()), data);
}

std::unique_ptr<Model> build_model(const ModelPlan& plan, uint64_t seed, const MethodSeams& seams,
                                   const std::optional<OwnModel>& own) {
  if (own) return own->make(seed, seams.device);
  return std::make_unique<PlannedModel>(plan, seed, seams);
}

}  // namespace hasten
