// The options by which commands edit a recipe.
#include "hasten/cli/torch/recipe_options.h"

#include "hasten/base/text.h"
#include "hasten/methods/registry.h"

namespace hasten::cli {

void add_recipe_edits(CLI::App& command, RecipeEdits& edits) {
  command.add_option("--with", edits.with, "add a method: ema or 'label_smoothing(amount=0.2)'; repeatable")
      ->allow_extra_args(false);
  command.add_option("--without", edits.without, "leave a method out; repeatable")->allow_extra_args(false);
  command.add_option("--set", edits.set, "change a setting: optimizer.lr=0.1; repeatable")->allow_extra_args(false);
}

void add_device_option(CLI::App& command, std::string& device) {
  device = "auto";
  command.add_option("--device", device, "where to train: auto (a GPU if LibTorch can use one), cpu, cuda, cuda:1")
      ->capture_default_str();
}

const Registry& registry() {
  static const Registry instance(method_entries());
  return instance;
}

std::string quality_text(const Metric& metric, double value) {
  return metric.measure == Measure::kAccuracy ? fixed(value * 100, 2) + "%" : significant(value, 4);
}

}  // namespace hasten::cli
