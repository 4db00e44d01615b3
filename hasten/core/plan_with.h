// For tests of methods: a small recipe with one method, planned.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "hasten/base/json.h"
#include "hasten/core/registry.h"

namespace hasten::testing {

inline Json method_recipe(const Json& settings) {
  return {{"workload", {{"dataset", "synthetic"}, {"metric", "test/accuracy"}}},
          {"model", {{"family", "convnet"}, {"widths", {8, 16}}, {"norm", true}}},
          {"optimizer", {{"name", "sgd"}, {"lr", 0.1}, {"momentum", 0.9}}},
          {"data", {{"samples", 200}, {"test_samples", 50}}},
          {"batch", {{"size", 20}}},
          {"budget", {{"train", "4ep"}}},
          {"method", Json::array({settings})}};
}

// The recipe and what became of it; keeps the registry that the recipe's methods point into.
struct PlannedMethod {
  std::unique_ptr<Registry> registry;
  Recipe recipe;
  PlannedRun run;
};

inline PlannedMethod plan_recipe_with(MethodEntry entry, const Json& document) {
  auto registry = std::make_unique<Registry>(std::vector<MethodEntry>{std::move(entry)});
  Recipe recipe = recipe_from_json(document, registry->catalogue());
  PlannedRun run = plan_run(recipe, *registry);
  return {std::move(registry), std::move(recipe), std::move(run)};
}

// `settings`: {"name": ..., parameters}.
inline PlannedMethod plan_with(MethodEntry entry, const Json& settings) {
  return plan_recipe_with(std::move(entry), method_recipe(settings));
}

}  // namespace hasten::testing
