// Recipes: from TOML or JSON to typed values and back.
#include "hasten/spec/recipe.h"

#include <algorithm>
#include <cmath>

#include "hasten/base/error.h"
#include "hasten/base/files.h"
#include "hasten/base/hash.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/spec/recipe_edit.h"
#include "hasten/spec/toml.h"

namespace hasten {
namespace {

const std::vector<std::string> kSections{"name",       "workload",   "model",  "optimizer", "schedule",
                                         "budget",     "data",       "loader", "batch",     "precision",
                                         "evaluation", "checkpoint", "group",  "method",    "tuning"};

std::string quoted(const Json& json) { return json.is_string() ? "'" + json.get<std::string>() + "'" : json.dump(); }

void refuse_unknown(const Json& table, const std::string& where, const std::vector<std::string>& known) {
  if (!table.is_object()) throw ConfigError(where, "a table", quoted(table));
  for (const auto& [key, unused] : table.items()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    throw ConfigError(where.empty() ? key : where + "." + key, "a known key", "'" + key + "'", suggest(key, known));
  }
}

const Json& section(const Json& document, const std::string& name) {
  static const Json kEmpty = Json::object();
  return document.contains(name) ? document[name] : kEmpty;
}

std::string required_text(const Json& table, const std::string& where, const std::string& key,
                          const std::string& what) {
  if (!table.contains(key)) throw ConfigError(where + "." + key, what, "nothing", "every recipe needs this key");
  if (!table[key].is_string()) throw ConfigError(where + "." + key, what, quoted(table[key]));
  return table[key].get<std::string>();
}

template <class P>
P read_settings(const Json& document, const std::string& name) {
  return describe<P>()->parse(section(document, name), name).template as<P>();
}

double read_target(const Json& value, const Metric& metric) {
  const std::string where = "workload.target";
  const std::string direction = metric.higher_is_better() ? ">=" : "<=";
  double target = 0;
  if (value.is_number()) {
    target = value.get<double>();
  } else if (value.is_string()) {
    std::string text(trim(value.get<std::string>()));
    std::string given = text.substr(0, 2);
    if (given != ">=" && given != "<=")
      throw ConfigError(where, "a number or \"" + direction + " 0.9\"", quoted(value));
    if (given != direction) {
      throw ConfigError(where, "a target with " + direction + ", the direction of " + metric.name(), quoted(value),
                        metric.higher_is_better() ? "more accuracy is better" : "less loss is better");
    }
    Json parsed;
    parse_toml_value(std::string(trim(std::string_view(text).substr(2))), where, parsed);
    if (!parsed.is_number()) throw ConfigError(where, "a number behind " + direction, quoted(value));
    target = parsed.get<double>();
  } else {
    throw ConfigError(where, "a number", quoted(value));
  }
  if (!std::isfinite(target)) throw ConfigError(where, "a number", number(target));
  if (metric.measure == Measure::kAccuracy && !(target > 0 && target <= 1)) {
    throw ConfigError(
        where, "an accuracy in (0, 1]", number(target),
        target > 1 && target <= 100 ? "write " + number(target / 100) + " for " + number(target) + "%" : "");
  }
  return target;
}

void read_workload(const Json& document, Recipe& recipe) {
  const Json& table = section(document, "workload");
  refuse_unknown(table, "workload", {"dataset", "metric", "target"});
  recipe.dataset = &find_dataset(required_text(table, "workload", "dataset", "the name of a data set"));
  recipe.metric = table.contains("metric")
                      ? parse_metric(required_text(table, "workload", "metric", "a metric"), "workload.metric")
                      : Metric{};
  if (table.contains("target")) recipe.target = read_target(table["target"], recipe.metric);
}

std::vector<std::string> field_names(const ParamTable& table) {
  std::vector<std::string> names;
  for (const FieldInfo& info : table.fields()) names.push_back(info.name);
  return names;
}

void read_model(const Json& document, Recipe& recipe) {
  const Json& table = section(document, "model");
  recipe.family = &find_family(required_text(table, "model", "family", "the name of a model family"));
  const ParamTable& start = *describe<StartSettings>();
  std::vector<std::string> own = field_names(*recipe.family->params), common = field_names(start);
  own.emplace_back("family");
  std::vector<std::string> known = own;
  known.insert(known.end(), common.begin(), common.end());
  refuse_unknown(table, "model", known);
  recipe.start = start.parse(table, "model", own).as<StartSettings>();
  common.emplace_back("family");
  recipe.family_params = recipe.family->params->parse(table, "model", common);
  if (table.contains("init") && recipe.start.init.empty())
    throw ConfigError("model.init", "a safetensors file", "''", "leave it out to start from new values");
  if (recipe.start.init.empty() && !recipe.start.init_skip.empty()) {
    throw ConfigError("model.init_skip", "model.init, the file that it leaves names of", "nothing");
  }
}

void read_data(const Json& document, Recipe& recipe) {
  const Json& table = section(document, "data");
  const std::vector<std::string> common = field_names(*describe<DataSettings>()),
                                 own = field_names(*recipe.dataset->params);
  std::vector<std::string> known = common;
  known.insert(known.end(), own.begin(), own.end());
  refuse_unknown(table, "data", known);
  recipe.data = describe<DataSettings>()->parse(table, "data", own).as<DataSettings>();
  recipe.dataset_params = recipe.dataset->params->parse(table, "data", common);
}

OptimizerChoice read_optimizer(const Json& table, const std::string& where) {
  OptimizerChoice choice;
  choice.spec = &find_optimizer(required_text(table, where, "name", "the name of an optimizer"), where + ".name");
  choice.params = choice.spec->params->parse(table, where, {"name", "auxiliary"});
  return choice;
}

Role read_role(const Json& value, const std::string& where) {
  std::vector<std::string> names;
  for (std::string_view name : choices(Role{})) names.emplace_back(name);
  for (size_t i = 0; i < names.size(); ++i) {
    if (value == names[i]) return static_cast<Role>(i);
  }
  throw ConfigError(where, ordinal_list(names, "or"), quoted(value));
}

GroupSettings read_group(const Json& table, const std::string& where) {
  refuse_unknown(table, where, {"match", "roles", "lr_scale", "weight_decay", "lr_schedule"});
  GroupSettings group;
  if (table.contains("match")) group.match = required_text(table, where, "match", "a pattern such as \"*.bias\"");
  if (table.contains("roles")) {
    if (!table["roles"].is_array()) throw ConfigError(where + ".roles", "a list of roles", quoted(table["roles"]));
    for (const Json& role : table["roles"]) group.roles.push_back(read_role(role, where + ".roles"));
  }
  auto non_negative = [&](const char* key) -> std::optional<double> {
    if (!table.contains(key)) return std::nullopt;
    const double value = table[key].is_number() ? table[key].get<double>() : -1;
    if (!(value >= 0) || !std::isfinite(value)) {
      throw ConfigError(where + "." + key, "a number >= 0", quoted(table[key]));
    }
    return value;
  };
  group.lr_scale = non_negative("lr_scale");
  group.weight_decay = non_negative("weight_decay");
  if (table.contains("lr_schedule")) group.lr_schedule = Schedule::parse(table["lr_schedule"], where + ".lr_schedule");
  return group;
}

void read_optimization(const Json& document, Recipe& recipe) {
  const Json& optimizer = section(document, "optimizer");
  recipe.optimizer = read_optimizer(optimizer, "optimizer");
  if (optimizer.contains("auxiliary")) recipe.auxiliary = read_optimizer(optimizer["auxiliary"], "optimizer.auxiliary");
  if (document.contains("group")) {
    const Json& list = document["group"];
    if (!list.is_array()) throw ConfigError("group", "tables headed [[group]]", quoted(list));
    for (size_t i = 0; i < list.size(); ++i) recipe.groups.push_back(read_group(list[i], cat("group[", i, "]")));
  }
  const Json& schedule = section(document, "schedule");
  if (!schedule.is_object()) throw ConfigError("schedule", "a table", quoted(schedule));
  for (const auto& [key, value] : schedule.items()) recipe.schedules[key] = Schedule::parse(value, "schedule." + key);
}

void read_budget(const Json& document, Recipe& recipe) {
  const Json& table = section(document, "budget");
  refuse_unknown(table, "budget", {"train"});
  recipe.budget = parse_duration(required_text(table, "budget", "train", "a duration such as \"8ep\""), "budget.train");
  if (recipe.budget.value <= 0)
    throw ConfigError("budget.train", "an amount above 0", "'" + to_string(recipe.budget) + "'");
  if (recipe.budget.unit == Unit::kFraction) {
    throw ConfigError("budget.train", "an absolute amount (ep, step, sample, s, flop, J)",
                      "'" + to_string(recipe.budget) + "'", "dur is a share of this very budget");
  }
}

void read_tuning(const Json& document, Recipe& recipe) {
  const Json& table = section(document, "tuning");
  recipe.tuning = describe<TuningSettings>()->parse(table, "tuning", {"space"}).as<TuningSettings>();
  if (!table.contains("space")) return;
  recipe.tuning.space = space_from_json(table["space"]);
}

void read_methods(const Json& document, const Catalogue& catalogue, Recipe& recipe) {
  if (!document.contains("method")) return;
  const Json& list = document["method"];
  if (!list.is_array()) throw ConfigError("method", "tables headed [[method]]", quoted(list));
  for (size_t i = 0; i < list.size(); ++i) {
    std::string name = required_text(list[i], cat("method[", i, "]"), "name", "the name of a method");
    const MethodSpec& spec = catalogue.get(name, "method." + name);
    for (const MethodChoice& earlier : recipe.methods) {
      if (earlier.spec == &spec) throw ConfigError("method." + name, "each method once", "'" + name + "' twice");
    }
    recipe.methods.push_back({&spec, spec.params->parse(list[i], "method." + name, {"name"})});
  }
}

Json optimizer_json(const OptimizerChoice& choice) {
  Json json = {{"name", choice.spec->name}};
  json.update(choice.params.to_json());
  return json;
}

Json group_json(const GroupSettings& group) {
  Json json = {{"match", group.match}};
  for (Role role : group.roles) json["roles"].push_back(name_of(role));
  if (group.lr_scale) json["lr_scale"] = *group.lr_scale;
  if (group.weight_decay) json["weight_decay"] = *group.weight_decay;
  if (group.lr_schedule) json["lr_schedule"] = group.lr_schedule->to_json();
  return json;
}

// The line of the nearest key that the error is about: "method.ema.half_life", else "method.ema", else "method".
int line_of(const TomlLines& lines, std::string where) {
  while (true) {
    if (auto found = lines.find(where); found != lines.end()) return found->second;
    size_t cut = where.find_last_of(".[");
    if (cut == std::string::npos) return 0;
    where.resize(cut);
  }
}

Json read_document(const std::filesystem::path& path, TomlLines& lines) {
  if (!std::filesystem::is_regular_file(path)) {
    throw ConfigError("recipe", "a recipe file", "'" + path.string() + "'",
                      "recipes/ holds some; a recipe is a TOML file, see docs/recipes.md");
  }
  Json document;
  if (path.extension() == ".json") {
    document = read_json(path);  // a resolved recipe, as a run keeps it
    if (document.is_object()) return document;
    throw DataError(path.string(), "", "a recipe is a table of sections, not " + quoted(document));
  }
  parse_toml(read_file(path), "recipe", path.string(), document, lines);
  return document;
}

}  // namespace

Json Recipe::to_json() const {
  Json json;
  json["name"] = name;
  json["workload"] = {{"dataset", dataset->name}, {"metric", metric.name()}};
  if (target) json["workload"]["target"] = *target;
  json["model"] = {{"family", family->name}};
  json["model"].update(family_params.to_json());
  if (!start.init.empty()) json["model"].update(param_set(start).to_json());
  json["optimizer"] = optimizer_json(optimizer);
  if (auxiliary) json["optimizer"]["auxiliary"] = optimizer_json(*auxiliary);
  for (const GroupSettings& group : groups) json["group"].push_back(group_json(group));
  json["schedule"] = Json::object();
  for (const auto& [path, schedule] : schedules) json["schedule"][path] = schedule.to_json();
  json["budget"] = {{"train", to_string(budget)}};
  json["data"] = param_set(data).to_json();
  json["data"].update(dataset_params.to_json());
  json["loader"] = param_set(loader).to_json();
  json["batch"] = param_set(batch).to_json();
  json["precision"] = param_set(precision).to_json();
  json["evaluation"] = param_set(evaluation).to_json();
  json["checkpoint"] = param_set(checkpoint).to_json();
  json["tuning"] = param_set(tuning).to_json();
  if (!tuning.space.empty()) json["tuning"]["space"] = space_to_json(tuning.space);
  json["method"] = Json::array();
  for (const MethodChoice& choice : methods) {
    Json entry = {{"name", choice.spec->name}};
    entry.update(choice.params.to_json());
    json["method"].push_back(entry);
  }
  return json;
}

std::string Recipe::hash() const {
  Json json = to_json();
  // What only names, places or judges the program is not part of it.
  for (const char* key : {"name", "loader", "checkpoint", "tuning"}) json.erase(key);
  json["workload"].erase("target");
  json["data"].erase("path");
  return hex(hash64(json.dump()));
}

Recipe recipe_from_json(const Json& document, const Catalogue& catalogue) {
  refuse_unknown(document, "", kSections);
  Recipe recipe;
  recipe.name = document.contains("name") ? required_text(document, "recipe", "name", "a text") : "unnamed";
  read_workload(document, recipe);
  read_model(document, recipe);
  read_data(document, recipe);
  read_optimization(document, recipe);
  read_budget(document, recipe);
  recipe.loader = read_settings<LoaderSettings>(document, "loader");
  recipe.batch = read_settings<BatchSettings>(document, "batch");
  recipe.precision = read_settings<PrecisionSettings>(document, "precision");
  recipe.evaluation = read_settings<EvaluationSettings>(document, "evaluation");
  recipe.checkpoint = read_settings<CheckpointSettings>(document, "checkpoint");
  read_tuning(document, recipe);
  read_methods(document, catalogue, recipe);
  return recipe;
}

Json load_recipe_document(const std::filesystem::path& path, const RecipeEdits& edits) {
  TomlLines unused;
  Json document = read_document(path, unused);
  apply_edits(document, edits);
  if (!document.contains("name")) document["name"] = path.stem().string();
  return document;
}

Recipe load_recipe(const std::filesystem::path& path, const Catalogue& catalogue, const RecipeEdits& edits) {
  TomlLines lines;
  Json document = read_document(path, lines);
  try {
    apply_edits(document, edits);
    if (!document.contains("name")) document["name"] = path.stem().string();
    return recipe_from_json(document, catalogue);
  } catch (const ConfigError& error) {
    int line = line_of(lines, error.where());
    throw error.at(line > 0 ? cat(path.string(), ":", line) : path.string());
  }
}

}  // namespace hasten
