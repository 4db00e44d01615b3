// Options of commands that read a recipe.
#include "hasten/cli/recipe_edits.h"

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
      ->type_name("TEXT:{auto,cpu,cuda}")
      ->capture_default_str();
}

}  // namespace hasten::cli
