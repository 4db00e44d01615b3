// From the methods of a recipe to live ones.
#pragma once

#include <optional>
#include <vector>

#include "hasten/core/engine.h"

namespace hasten {

class Registry {
 public:
  explicit Registry(std::vector<MethodEntry> entries);

  const Catalogue& catalogue() const { return catalogue_; }
  // Checks needs, families and horizon against the baseline plan, then makes the methods. Throws ConfigError.
  Engine make_engine(const std::vector<MethodChoice>& choices, const Plan& baseline) const;

 private:
  std::vector<MethodEntry> entries_;
  Catalogue catalogue_;
};

// The engine of a recipe and the plan that its methods made of it.
struct PlannedRun {
  Plan unplanned;       // of the recipe, before methods and checks
  Plan baseline, plan;  // without and with methods
  Engine engine;
};
PlannedRun plan_run(const Recipe& recipe, const Registry& registry, bool allow_inert = false);
// The same around a model of the program's own: its opaque plan instead of a family's.
PlannedRun plan_run(const Recipe& recipe, const Registry& registry, const std::optional<ModelPlan>& own_model,
                    bool allow_inert);
// The plan that the engine's methods make now, in the middle of a run.
Plan plan_again(const PlannedRun& run, Engine& engine);

}  // namespace hasten
