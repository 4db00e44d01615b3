// For tests of methods: a small recipe on text with one method.
#pragma once

#include "hasten/base/error.h"
#include "hasten/core/plan_with.h"

namespace hasten::testing {

inline Json text_recipe(const Json& settings, const Json& model = Json::object()) {
  Json recipe = {{"workload", {{"dataset", "synthetic-text"}, {"metric", "test/loss"}}},
                 {"model", {{"family", "gpt"}, {"layers", 3}, {"width", 16}, {"heads", 2}}},
                 {"optimizer", {{"name", "adamw"}}},
                 {"data", {{"tokens", 2001}, {"test_tokens", 100}, {"context", 16}, {"vocabulary", 12}}},
                 {"batch", {{"size", 5}}},
                 {"budget", {{"train", "2ep"}}},
                 {"method", Json::array({settings})}};
  recipe["model"].update(model);
  return recipe;
}

// Layers of a kind in the plan, in the order in which they run.
template <class Kind>
std::vector<Kind> layers_of(const PlannedMethod& planned) {
  std::vector<Kind> found;
  planned.run.plan.model.each_layer([&](const Block&, const Layer& layer) {
    if (const Kind* kind = layer.kind.as<Kind>()) found.push_back(*kind);
  });
  return found;
}

// The place of the error with which the recipe is refused; empty if it is not.
inline std::string refused_at(MethodEntry entry, const Json& recipe) {
  try {
    plan_recipe_with(std::move(entry), recipe);
    return "";
  } catch (const ConfigError& error) {
    return error.where();
  }
}

}  // namespace hasten::testing
