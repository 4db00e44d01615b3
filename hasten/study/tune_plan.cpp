// The plan of a search: trials, rungs, budgets, and every mistake that can be found before the first step.
#include <algorithm>
#include <cmath>
#include <set>

#include "hasten/base/clock.h"
#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/spec/plan.h"
#include "hasten/spec/recipe_edit.h"
#include "hasten/study/tune.h"
#include "hasten/train/plan_recipe.h"

namespace hasten {
namespace {

// Seeds of trials lie beyond those of races, so that no run of a comparison repeats the one that chose its settings.
constexpr uint64_t kFirstTuneSeed = 1000000;
constexpr int64_t kValidationShare = 10;

RecipeEdits edits_of(const TunePlan& plan, const TrialSettings& settings) {
  RecipeEdits edits;
  edits.set = plan.options.set;
  edits.set.insert(edits.set.end(), settings.begin(), settings.end());
  return edits;
}

// What is held out to judge trials is no part of what they find; the recipe's file says what it holds out itself.
void restore_validation(Json& document, const Json& file) {
  const Json* own = setting_at(file, "data.validation");
  if (own != nullptr) document["data"]["validation"] = *own;
  else if (setting_at(document, "data.validation") != nullptr) document["data"].erase("validation");
  if (document.contains("data") && document["data"].empty()) document.erase("data");
}

std::string assignment(const SearchDimension& dimension, const std::string& value) {
  return dimension.path + "=" + value;
}

// What a search must not touch, and which option does it.
void refuse_path(const std::string& path) {
  const std::vector<std::pair<std::string, std::string>> owned{
      {"budget.train", "--budget plans the trials"},
      {"workload", "trials of several workloads cannot be held against each other"},
      {"data.validation", "it is set once for all trials: --set data.validation=5000"},
      {"data.path", "all trials are trained on the same data"},
      {"tuning", "the search writes it"},
      {"name", "it names the recipe"},
      {"evaluation", "trials are judged at their end"},
      {"checkpoint", "it changes nothing in what is found"},
      {"loader", "it changes how fast samples come, not what is found"}};
  for (const auto& [prefix, why] : owned) {
    if (path == prefix || path.rfind(prefix + ".", 0) == 0)
      throw ConfigError(path, "a setting of the training program", "'" + path + "'", why);
  }
}

// Both ends, or every choice, must be values that the recipe accepts.
void check_space(const TunePlan& plan, const SpaceFile& file, TuneSide& side, const Catalogue& catalogue) {
  for (const SearchDimension& dimension : side.space) {
    try {
      refuse_path(dimension.path);
      std::vector<std::string> values = dimension.choices;
      if (values.empty()) values = {value_text(dimension, dimension.low), value_text(dimension, dimension.high)};
      for (const std::string& value : values)
        load_recipe(side.path, catalogue, edits_of(plan, {assignment(dimension, value)}));
    } catch (const ConfigError& error) {
      // Reading the recipe has put its own place; the value stands in the file of the space.
      throw ConfigError(error.where(), error.expected(), error.got(), error.hint())
          .at(file.place_of(side.recipe.name, dimension.path));
    }
  }
  try {
    fit_space(side.space, side.recipe.to_json());
  } catch (const ConfigError& error) {
    throw error.at(file.place_of(side.recipe.name, error.where()));
  }
  if (plan.options.search == SearchKind::kSobol && static_cast<int64_t>(side.space.size()) > kSobolDimensions) {
    throw ConfigError("--search", cat("at most ", kSobolDimensions, " ranges for sobol"),
                      cat(side.space.size(), " ranges"), "--search random takes any number");
  }
}

// The recipe's own settings, if the search could have drawn them, then points of the space.
void draw_trials(const TunePlan& plan, TuneSide& side, const Catalogue& catalogue) {
  const Json own = side.recipe.to_json();
  for (const SearchDimension& dimension : side.space) {
    const Json* value = setting_at(own, dimension.path);
    if (value != nullptr && contains(dimension, *value)) continue;
    side.outside = dimension.path + " = " + (value == nullptr ? "nothing" : value->dump());
    break;
  }
  int64_t point = 0;
  for (int64_t trial = 1; trial <= plan.options.trials; ++trial) {
    TrialSettings settings;
    const bool as_is = trial == 1 && side.outside.empty();
    const std::vector<double> places =
        as_is ? std::vector<double>()
              : search_point(plan.options.search, plan.options.seed, point++, static_cast<int64_t>(side.space.size()));
    for (size_t d = 0; d < side.space.size(); ++d) {
      const SearchDimension& dimension = side.space[d];
      settings.push_back(
          assignment(dimension, as_is ? setting_at(own, dimension.path)->dump() : value_at(dimension, places[d])));
    }
    Json document = Json::parse(side.document);
    apply_edits(document, {{}, {}, settings});
    side.trials.push_back({std::move(settings), recipe_from_json(document, catalogue)});
  }
}

Duration last_budget(const TuneOptions& options, const Recipe& recipe) {
  if (options.budget.unit != Unit::kFraction) return options.budget;
  return rung_budget(recipe.budget, options.budget.value);
}

// A rung whose budget is that of the one before would take its runs for its own.
void check_budgets(const TuneSide& side) {
  for (size_t rung = 1; rung < side.budgets.size(); ++rung) {
    const std::string budget = to_string(side.budgets[rung]);
    if (budget == to_string(side.budgets[rung - 1])) {
      throw ConfigError("--budget", "one that leaves each rung more than the one before", "two of " + budget,
                        "take a longer one, or fewer rungs by --rungs");
    }
  }
}

int64_t training_samples(const Recipe& recipe) { return recipe.dataset->info(recipe.dataset_params).train_count; }

int64_t validation_samples(const TuneOptions& options, const Recipe& recipe) {
  if (options.on != Split::kValidation) return recipe.data.validation;
  if (recipe.data.validation > 0) return recipe.data.validation;
  return std::max<int64_t>(1, training_samples(recipe) / kValidationShare);
}

// A combination that a recipe cannot have, or a run too short for a method, ends the search before it begins.
void check_trials(const TunePlan& plan, size_t index, const Registry& registry) {
  const TuneSide& side = plan.sides[index];
  for (int64_t trial = 1; trial <= plan.options.trials; ++trial) {
    for (size_t rung = 0; rung < (trial == 1 ? plan.rungs.size() : 1); ++rung) {
      try {
        plan_recipe(trial_recipe(plan, index, trial, rung), registry);
      } catch (const ConfigError& error) {
        throw error.at(cat(side.path.string(), ", trial ", trial, " for ", to_string(side.budgets[rung]), ": ",
                           join(plan.trial(index, trial).settings, " ")));
      }
    }
  }
}

void check_options(const TuneOptions& options) {
  if (options.recipes.empty()) throw ConfigError("recipes", "a recipe or more", "none");
  if (!(options.budget.value > 0)) throw ConfigError("--budget", "an amount above 0", to_string(options.budget));
  if (options.jobs < 1) throw ConfigError("--jobs", "an integer >= 1", std::to_string(options.jobs));
  if (options.on == Split::kTrain) {
    throw ConfigError("--on", "validation or test", "'train'", "the best memory is not the best model");
  }
}

void check_names(const std::vector<TuneSide>& sides) {
  std::set<std::string> names;
  for (const TuneSide& side : sides) {
    if (!names.insert(side.recipe.name).second) {
      throw ConfigError("recipe." + side.recipe.name, "recipes of different names", "'" + side.recipe.name + "' twice",
                        "set `name` in one of them");
    }
    const Recipe& first = sides.front().recipe;
    if (side.recipe.dataset != first.dataset || side.recipe.metric != first.metric) {
      throw ConfigError("recipe." + side.recipe.name + ".workload", "the data set and metric of " + first.name,
                        "others", "what is searched together is meant to be compared");
    }
  }
}

// Trials of all sides are judged on the same part of the same data.
void check_judging(const std::vector<TuneSide>& sides, Split on) {
  // Where the data lie and what a sample of a text is may differ.
  const auto shared = [](const Recipe& recipe) {
    Json json = recipe.dataset_params.to_json();
    for (const char* own : {"path", "context", "sampling"}) json.erase(own);
    return json;
  };
  const TuneSide& first = sides.front();
  const auto all_of_first = static_cast<double>(training_samples(first.recipe));
  for (const TuneSide& side : sides) {
    const std::string where = "recipe." + side.recipe.name + ".data";
    const std::vector<std::string> changes = json_difference(shared(first.recipe), shared(side.recipe));
    if (!changes.empty()) {
      throw ConfigError(where, "the data of " + first.recipe.name, changes.front().substr(2),  // without its sign
                        "what is searched together is meant to be compared");
    }
    if (on != Split::kValidation) continue;
    // As shares, for samples of a text may have other lengths; a tenth, rounded down, lacks up to 0.9 of a sample.
    constexpr double kOneSample = 0.95;
    const auto all = static_cast<double>(training_samples(side.recipe));
    const double apart =
        static_cast<double>(side.validation) / all - static_cast<double>(first.validation) / all_of_first;
    if (std::abs(apart) * std::min(all, all_of_first) > kOneSample) {
      throw ConfigError(where + ".validation", cat("as much as in ", first.recipe.name, ", ", first.validation),
                        std::to_string(side.validation), "set it for all: --set data.validation=5000");
    }
  }
}

}  // namespace

TunePlan plan_tune(const TuneOptions& options, const Registry& registry) {
  check_options(options);
  TunePlan plan;
  plan.options = options;
  plan.started_at = utc_now();
  plan.rungs = plan_rungs(options.trials, options.reduction, options.rungs);
  std::vector<std::string> names;
  for (const std::filesystem::path& path : options.recipes) {
    TuneSide& side = plan.sides.emplace_back();
    side.path = path;
    side.recipe = load_recipe(path, registry.catalogue(), edits_of(plan, {}));
    Json document = load_recipe_document(path, edits_of(plan, {}));
    if (options.on == Split::kValidation && side.recipe.metric.split != Split::kValidation)
      restore_validation(document, load_recipe_document(path));
    side.document = document.dump();
    side.validation = validation_samples(options, side.recipe);
    names.push_back(side.recipe.name);
  }
  check_names(plan.sides);
  check_judging(plan.sides, options.on);
  const SpaceFile file(options.space);
  std::vector<SearchSpace> spaces = file.spaces(names);
  for (size_t i = 0; i < plan.sides.size(); ++i) {
    TuneSide& side = plan.sides[i];
    side.space = std::move(spaces[i]);
    check_space(plan, file, side, registry.catalogue());
    for (const Rung& rung : plan.rungs)
      side.budgets.push_back(rung_budget(last_budget(options, side.recipe), rung.share));
    check_budgets(side);
    draw_trials(plan, side, registry.catalogue());
    check_trials(plan, i, registry);
  }
  return plan;
}

Json TunePlan::definition() const {
  Json json = {{"trials", options.trials},   {"budget", to_string(options.budget)},
               {"on", name_of(options.on)},  {"reduction", options.reduction},
               {"rungs", rungs.size()},      {"search", name_of(options.search)},
               {"seed", options.seed},       {"jobs", options.jobs},
               {"threads", options.threads}, {"device", options.device},
               {"price", options.price}};
  for (const TuneSide& side : sides) {
    json["recipes"][side.recipe.name] = {
        {"recipe", side.recipe.hash()}, {"space", space_to_json(side.space)}, {"validation", side.validation}};
  }
  return json;
}

Recipe trial_recipe(const TunePlan& plan, size_t side_index, int64_t trial, size_t rung) {
  const TuneSide& side = plan.sides[side_index];
  Recipe recipe = plan.trial(side_index, trial).recipe;
  recipe.metric.split = plan.options.on;
  recipe.target.reset();  // it is one for the split that is reported
  recipe.data.validation = side.validation;
  recipe.budget = side.budgets[rung];
  recipe.evaluation.every = {1, Unit::kFraction};  // only the end is judged
  recipe.checkpoint.keep = 1;
  recipe.tuning = {};
  recipe.tuning.trials = plan.options.trials;
  recipe.tuning.selected_on = name_of(plan.options.on);
  recipe.tuning.group = recipe.name + " " + plan.started_at;
  recipe.tuning.trial = trial;
  recipe.tuning.budget = to_string(side.budgets.back());
  recipe.tuning.space = side.space;
  return recipe;
}

RunRequest trial_run(const TunePlan& plan, size_t side, int64_t trial, size_t rung) {
  RunRequest request;
  request.recipe = trial_recipe(plan, side, trial, rung);
  request.seed = kFirstTuneSeed + plan.options.seed;
  request.group = request.recipe.name;
  request.role = side == 0 ? evaluate::Role::kBaseline : evaluate::Role::kMethod;
  request.planned_runs = 0;
  for (const Rung& each : plan.rungs) request.planned_runs += each.trials;
  request.out = plan.options.out / request.group / ("budget-" + to_string(request.recipe.budget)) /
                cat("trial-", trial) / cat("seed-", request.seed);
  request.resume = std::filesystem::exists(request.out / "run.json");
  return request;
}

}  // namespace hasten
