// From the methods of a recipe to live ones.
#pragma once

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
  Plan baseline, plan;
  Engine engine;
};
PlannedRun plan_run(const Recipe& recipe, const Registry& registry, bool allow_inert = false);

}  // namespace hasten
