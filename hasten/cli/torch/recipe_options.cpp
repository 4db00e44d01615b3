// The options by which commands edit a recipe.
#include "hasten/cli/torch/recipe_options.h"

#include "hasten/base/text.h"
#include "hasten/methods/registry.h"

namespace hasten::cli {

const Registry& registry() {
  static const Registry instance(method_entries());
  return instance;
}

std::string quality_text(const Metric& metric, double value) {
  return metric.measure == Measure::kAccuracy ? fixed(value * 100, 2) + "%" : significant(value, 4);
}

}  // namespace hasten::cli
