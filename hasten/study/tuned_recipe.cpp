// The recipe that a search found, as a file: what somebody wrote, the best settings, and how they were found.
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/spec/recipe_edit.h"
#include "hasten/spec/toml.h"
#include "hasten/study/tune.h"

namespace hasten {
namespace {

// What was chosen on the test part before stays so, whatever was searched since.
std::string selected_on(const TuningSettings& before, Split on) {
  const std::string test(name_of(Split::kTest));
  return before.trials > 1 && before.selected_on == test ? test : std::string(name_of(on));
}

Json tuning_table(const TunePlan& plan, const TuneSide& side, const SearchCost& cost) {
  const TuningSettings& before = side.recipe.tuning;
  Json table;
  table["trials"] = plan.options.trials + (before.trials > 1 ? before.trials : 0);
  table["selected_on"] = selected_on(before, plan.options.on);
  table["group"] = side.recipe.name + " " + plan.started_at;
  table["budget"] = to_string(side.budgets.back());
  auto round = [](double value) { return std::stod(significant(value, 6)); };
  table["seconds"] = round(cost.seconds + before.seconds);
  table["flops"] = round(cost.flops + before.flops);
  // An earlier search whose joules or dollars nobody wrote down leaves the sum unknown.
  const bool first = before.trials <= 1;
  if (cost.joules && (first || before.joules > 0)) table["joules"] = round(*cost.joules + before.joules);
  if (cost.usd && (first || before.usd > 0)) table["usd"] = round(*cost.usd + before.usd);
  table["space"] = space_to_json(side.space);
  return table;
}

}  // namespace

std::string tuned_recipe_text(const TunePlan& plan, size_t index, const SideResult& result) {
  const TuneSide& side = plan.sides[index];
  const TrialResult& best = result.trials.front();
  Json document = Json::parse(side.document);
  apply_edits(document, {{}, {}, plan.trial(index, best.trial).settings});
  document.erase("tuning");
  document["tuning"] = tuning_table(plan, side, result.cost);
  Metric metric = side.recipe.metric;
  metric.split = plan.options.on;
  return cat("# ", side.path.filename().string(), " with the settings of trial ", best.trial, " of ",
             plan.options.trials, ": ", metric.name(), " ", significant(*best.rungs.back().quality, 4), " after ",
             to_string(side.budgets.back()), ".\n", toml_text(document));
}

}  // namespace hasten
