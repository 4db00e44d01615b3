// Tables of trials, best settings, and what the search cost.
#include "hasten/cli/torch/tune_report.h"

#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/cli/torch/recipe_options.h"
#include "hasten/evaluate/cost.h"
#include "hasten/report/table.h"

namespace hasten::cli {
namespace {

constexpr size_t kTrialsShown = 40;  // the rest is in --json and in the records

Metric metric_of(const TunePlan& plan, size_t side) {
  Metric metric = plan.sides[side].recipe.metric;
  metric.split = plan.options.on;
  return metric;
}

std::string value_of(const std::string& setting) { return setting.substr(setting.find('=') + 1); }

report::Table trials_table(const TunePlan& plan, size_t index, const SideResult& result) {
  const TuneSide& side = plan.sides[index];
  report::Table table;
  table.text_columns = 0;
  table.head = {"trial"};
  for (const SearchDimension& dimension : side.space) table.head.push_back(dimension.path);
  for (const Duration& budget : side.budgets) table.head.push_back(to_string(budget));
  for (const TrialResult& trial : result.trials) {
    if (table.rows.size() == kTrialsShown) break;
    std::vector<std::string>& row = table.rows.emplace_back();
    row.push_back(std::to_string(trial.trial));
    for (const std::string& setting : plan.trial(index, trial.trial).settings) row.push_back(value_of(setting));
    for (const RungResult& rung : trial.rungs) row.push_back(trial_quality_text(plan, index, rung));
  }
  return table;
}

std::string cost_line(const SearchCost& cost) {
  std::string text = cat(duration_text(cost.seconds), ", ", cost.runs, " runs, ", si(cost.flops), "FLOPs");
  text += cost.joules ? ", " + si(*cost.joules) + "J" : ", energy unavailable";
  if (cost.usd) text += ", " + evaluate::cost_text(evaluate::Cost::kUsd, *cost.usd);
  return text;
}

std::string side_text(const TunePlan& plan, size_t index, const SideResult& result) {
  const TuneSide& side = plan.sides[index];
  std::string text = cat(side.recipe.name, ": ", plan.options.trials, " trials, ", metric_of(plan, index).name());
  if (plan.options.on == Split::kValidation) text += cat(" of ", side.validation, " training samples held out");
  text += "\n" + report::terminal_table(trials_table(plan, index, result), "  ");
  if (result.trials.size() > kTrialsShown) text += cat("  and ", result.trials.size() - kTrialsShown, " more\n");
  const TrialResult& best = result.trials.front();
  if (result.found) {
    const TrialSettings& settings = plan.trial(index, best.trial).settings;
    text +=
        cat("  best    trial ", best.trial, ": ", join(settings, " "), "\n  recipe  ", result.recipe.string(), "\n");
  } else {
    text +=
        "  best    none: every trial of the last rung diverged or failed; lower the ranges, or see the errors above\n";
  }
  text += "  cost    " + cost_line(result.cost) + "\n";
  for (const std::string& edge : result.edges) {
    text += "  warning: " + edge + ": better values may lie outside; widen the range\n";
  }
  const TuningSettings& before = side.recipe.tuning;
  if (before.trials > 1) {
    text += cat("  note: ", before.trials, " settings had been tried before",
                before.selected_on.empty() ? "" : " on " + before.selected_on, "; the recipe counts them\n");
  }
  if (!(side.budgets.back() == side.recipe.budget)) {
    text += cat("  note: searched at ", to_string(side.budgets.back()), ", the recipe trains for ",
                to_string(side.recipe.budget), "\n");
  }
  return text;
}

Json cost_json(const SearchCost& cost) {
  return {{"runs", cost.runs},
          {"seconds", cost.seconds},
          {"flops", cost.flops},
          {"joules", cost.joules ? Json(*cost.joules) : Json()},
          {"usd", cost.usd ? Json(*cost.usd) : Json()}};
}

Json settings_json(const TrialSettings& settings) {
  Json json = Json::object();
  for (const std::string& setting : settings)
    json[setting.substr(0, setting.find('='))] = Json::parse(value_of(setting));
  return json;
}

Json side_json(const TunePlan& plan, size_t index, const SideResult& result) {
  const TuneSide& side = plan.sides[index];
  Json json = {{"name", side.recipe.name},
               {"metric", metric_of(plan, index).name()},
               {"space", space_to_json(side.space)},
               {"trials", Json::array()}};
  for (const TrialResult& trial : result.trials) {
    Json entry = {{"trial", trial.trial},
                  {"settings", settings_json(plan.trial(index, trial.trial).settings)},
                  {"rungs", Json::array()}};
    for (size_t r = 0; r < trial.rungs.size(); ++r) {
      const RungResult& rung = trial.rungs[r];
      entry["rungs"].push_back({{"budget", to_string(side.budgets[r])},
                                {"status", evaluate::name(rung.status)},
                                {"quality", rung.quality ? Json(*rung.quality) : Json()},
                                {"run", rung.run.string()}});
    }
    json["trials"].push_back(std::move(entry));
  }
  json["best"] = result.found ? json["trials"].front() : Json();
  json["edges"] = result.edges;
  json["recipe"] = result.found ? Json(result.recipe.string()) : Json();
  json["cost"] = cost_json(result.cost);
  return json;
}

}  // namespace

std::string trial_quality_text(const TunePlan& plan, size_t side, const RungResult& result) {
  if (result.quality) return quality_text(metric_of(plan, side), *result.quality);
  return std::string(evaluate::name(result.status));
}

std::string tune_text(const TunePlan& plan, const TuneResult& result) {
  std::string text;
  std::vector<std::string> found;
  for (size_t side = 0; side < result.sides.size(); ++side) {
    text += side_text(plan, side, result.sides[side]) + "\n";
    if (result.sides[side].found) found.push_back(result.sides[side].recipe.string());
  }
  if (found.size() > 1) text += "compare them by: hasten race " + join(found, " ") + "\n";
  else if (!found.empty()) text += "train it by: hasten train " + found.front() + "\n";
  return text;
}

Json tune_json(const TunePlan& plan, const TuneResult& result) {
  Json json = {{"out", plan.options.out.string()}, {"definition", plan.definition()}, {"failed", result.failed}};
  json["recipes"] = Json::array();
  for (size_t side = 0; side < result.sides.size(); ++side)
    json["recipes"].push_back(side_json(plan, side, result.sides[side]));
  return json;
}

}  // namespace hasten::cli
