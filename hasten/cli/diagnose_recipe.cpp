// The options of `hasten diagnose RECIPE`.
#include "hasten/cli/diagnose_recipe.h"

#include <algorithm>

namespace hasten::cli {

void add_recipe_diagnosis(CLI::App& command, RecipeDiagnosis& options) {
  const char* group = kWithARecipe;
  const auto before = command.get_options();
  add_recipe_edits(command, options.edits);
  add_device_option(command, options.device);
  command.add_option("--time", options.time, "for the experiments: 60s; three rounds are made in any case")
      ->capture_default_str();
  command.add_flag("--apply", options.apply,
                   "try the best advice if there is a verdict, measure what it gains; takes about as long again");
  command
      .add_option(
          "--try", options.attempts,
          "try this change, whatever the advice is: mixed_precision, batch.size=256, 'without augmix', '--threads "
          "1'; repeatable")
      ->allow_extra_args(false);
  command
      .add_option("--at", options.at,
                  "share of the budget at which steps are looked at, for recipes that change as they go")
      ->check(CLI::Range(0.0, 0.99))
      ->capture_default_str();
  command.add_flag("--cold", options.cold,
                   "also the first epoch: has the kernel forget the data set's files, as often as that is measured");
  command.add_option("--seed", options.seed, "of weights, order and augmentation");
  command.add_option("--log", options.log, "add predicted and realised gains of --apply to this file, a line each");
  command.add_flag("--quiet", options.quiet, "no progress");
  for (CLI::Option* option : command.get_options()) {
    if (std::find(before.begin(), before.end(), option) == before.end()) option->group(group);
  }
}

}  // namespace hasten::cli
