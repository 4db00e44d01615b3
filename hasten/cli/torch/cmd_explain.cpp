// hasten explain: what a recipe would do, without doing it.
#include <iostream>

#include "hasten/base/json.h"
#include "hasten/cli/torch/recipe_options.h"
#include "hasten/spec/explain.h"
#include "hasten/train/plan_recipe.h"

namespace hasten::cli {

void add_explain(CLI::App& app, Context& context) {
  struct Flags {
    std::string recipe;
    RecipeEdits edits;
  };
  CLI::App* command = app.add_subcommand("explain", "what a recipe would run, in which order, at what cost");
  auto flags = std::make_shared<Flags>();
  command->add_option("recipe", flags->recipe, "recipe file")->required();
  add_recipe_edits(*command, flags->edits);
  add_json_flag(*command, context);
  command->footer("example:\n  hasten explain recipes/fashion-mnist/fast.toml --without ema");
  command->callback([flags, &context] {
    Recipe recipe = load_recipe(flags->recipe, registry().catalogue(), flags->edits);
    PlannedRun planned = plan_recipe(recipe, registry());
    Explanation explanation = explain(
        recipe, planned.baseline, {planned.plan, planned.engine.estimate_cost(planned.plan)}, planned.engine.order());
    for (const MethodChoice& choice : recipe.methods) {
      Recipe alone = recipe;
      alone.methods = {choice};
      PlannedRun with_it = plan_recipe(alone, registry());
      add_ceiling(explanation, choice.spec->name, planned.baseline,
                  {with_it.plan, with_it.engine.estimate_cost(with_it.plan)});
    }
    if (context.json) print_json(explanation_json(explanation));
    else std::cout << explanation_text(explanation);
  });
}

}  // namespace hasten::cli
