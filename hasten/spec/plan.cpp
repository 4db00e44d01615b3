// From recipe to plan, and the checks that hold whatever methods did to it.
#include "hasten/spec/plan.h"

#include <algorithm>

#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"

namespace hasten {
namespace {

bool matches(const GroupSettings& group, const PlacedParameter& parameter) {
  bool role = group.roles.empty() ||
              std::find(group.roles.begin(), group.roles.end(), parameter.plan->role) != group.roles.end();
  return role && glob_match(group.match, parameter.name);
}

double setting(const OptimizerChoice& choice, const char* name) { return choice.params.get(name).get<double>(); }

// The last matching group decides each value by itself.
ParameterGroup group_of(const Plan& plan, const PlacedParameter& parameter, size_t optimizer, std::vector<bool>& used) {
  const OptimizerChoice& choice = plan.run.optimizers[optimizer];
  auto main_schedule = plan.run.schedules.find("lr");
  ParameterGroup group{optimizer,
                       setting(choice, "lr"),
                       setting(choice, "weight_decay"),
                       main_schedule == plan.run.schedules.end() ? Schedule(1.0) : main_schedule->second,
                       {}};
  double scale = 1;
  for (size_t i = 0; i < plan.run.groups.size(); ++i) {
    const GroupSettings& settings = plan.run.groups[i];
    if (!matches(settings, parameter)) continue;
    used[i] = true;
    if (settings.lr_scale) scale = *settings.lr_scale;
    if (settings.weight_decay) group.weight_decay = *settings.weight_decay;
    if (settings.lr_schedule) group.lr_schedule = *settings.lr_schedule;
  }
  group.lr *= scale;
  return group;
}

bool same_values(const ParameterGroup& a, const ParameterGroup& b) {
  return a.optimizer == b.optimizer && a.lr == b.lr && a.weight_decay == b.weight_decay &&
         a.lr_schedule == b.lr_schedule;
}

std::string leaf_text(const Json& json) {
  if (json.is_string()) return json.get<std::string>();
  return json.is_object() && !json.empty() ? "{...}" : json.dump();
}

// What is new or gone as a whole is one line.
void compare_json(const Json& before, const Json& after, const std::string& path, std::vector<std::string>& lines) {
  if (before == after) return;
  if (!before.is_object() || !after.is_object()) {
    lines.push_back("~ " + path + ": " + leaf_text(before) + " -> " + leaf_text(after));
    return;
  }
  auto below = [&](const std::string& key) { return path.empty() ? key : path + "." + key; };
  for (const auto& [key, value] : before.items()) {
    if (after.contains(key)) compare_json(value, after[key], below(key), lines);
    else lines.push_back("- " + below(key) + ": " + leaf_text(value));
  }
  for (const auto& [key, value] : after.items()) {
    if (!before.contains(key)) lines.push_back("+ " + below(key) + ": " + leaf_text(value));
  }
}

// Schedules may name "lr" or any numeric setting of an optimizer or a method.
void check_schedule_paths(const RunPlan& run) {
  for (const auto& [path, schedule] : run.schedules) {
    if (path == "lr") continue;
    if (path == "data.translate" && run.data_settings.translate > 0) continue;
    std::vector<std::string> parts = split(path, '.');
    bool optimizer =
        parts.size() == 2 && (parts[0] == "optimizer" || (parts[0] == "auxiliary" && run.optimizers.size() > 1));
    if (optimizer) {
      const ParamTable* table = run.optimizers[parts[0] == "optimizer" ? 0 : 1].spec->params;
      const FieldInfo* info = table->find(parts[1]);
      if (info != nullptr && info->type == "number" && parts[1] != "lr") continue;
      std::vector<std::string> names;
      for (const FieldInfo& f : table->fields()) {
        if (f.type == "number" && f.name != "lr") names.push_back(parts[0] + "." + f.name);
      }
      throw ConfigError("schedule." + path, "a numeric setting of the optimizer", "'" + path + "'",
                        suggest(path, names));
    }
    if (parts.size() == 3 && parts[0] == "method") continue;  // checked where the method's settings are known
    throw ConfigError(
        "schedule." + path,
        "lr, optimizer.SETTING, auxiliary.SETTING, data.translate (where it is set) or method.NAME.SETTING",
        "'" + path + "'");
  }
}

}  // namespace

RunLength RunPlan::length() const {
  return {budget, static_cast<double>(steps_per_epoch() * batch.size), static_cast<double>(steps_per_epoch()),
          static_cast<double>(data.tokens_per_sample())};
}

Plan baseline_plan(const Recipe& recipe) {
  Plan plan;
  RunPlan& run = plan.run;
  run.recipe = recipe;
  run.data = recipe.dataset->info(recipe.dataset_params);
  run.data_settings = recipe.data;
  run.train_count = run.epoch_samples = run.data.train_count - recipe.data.validation;
  plan.model = recipe.family->build(recipe.family_params, run.data);
  if (recipe.data.flip != FlipKind::kNone) {
    run.transforms.push_back({"flip", Phase::kGeometry, param_set(FlipSettings{recipe.data.flip})});
  }
  if (recipe.data.translate > 0) {
    run.transforms.push_back({"translate", Phase::kGeometry, param_set(TranslateSettings{recipe.data.translate})});
  }
  run.batch = recipe.batch;
  run.optimizers.push_back(recipe.optimizer);
  if (recipe.auxiliary) run.optimizers.push_back(*recipe.auxiliary);
  run.groups = recipe.groups;
  run.schedules = recipe.schedules;
  run.precision = recipe.precision;
  run.metric = recipe.metric;
  run.target = recipe.target;
  run.evaluation = recipe.evaluation;
  run.checkpoint = recipe.checkpoint;
  run.budget = recipe.budget;
  return plan;
}

void finish_plan(Plan& plan) {
  RunPlan& run = plan.run;
  if (run.data_settings.validation >= run.data.train_count) {
    throw ConfigError("data.validation", cat("fewer than the ", run.data.train_count, " training samples"),
                      std::to_string(run.data_settings.validation));
  }
  if (run.metric.split == Split::kValidation && run.data_settings.validation == 0) {
    throw ConfigError("workload.metric", "a validation part of the data", "data.validation = 0",
                      "set data.validation, for example to 5000");
  }
  if (run.batch.size > run.epoch_samples) {
    throw ConfigError("batch.size", cat("at most the ", run.epoch_samples, " training samples"),
                      std::to_string(run.batch.size));
  }
  if (run.batch.microbatch > run.batch.size) {
    throw ConfigError("batch.microbatch", cat("at most batch.size = ", run.batch.size),
                      std::to_string(run.batch.microbatch));
  }
  for (const auto& [where, every] : {std::pair{"budget.train", run.budget},
                                     {"evaluation.every", run.evaluation.every},
                                     {"checkpoint.every", run.checkpoint.every}}) {
    if (every.unit != Unit::kToken || run.data.text) continue;
    throw ConfigError(where, "a unit that this data has", "'" + to_string(every) + "'",
                      "images are counted in samples");
  }
  if (!run.data.is_image() && !run.transforms.empty()) {
    throw ConfigError("data." + run.transforms.front().name, "image data", run.data.name);
  }
  plan.model.infer();
  check_schedule_paths(run);
  RunLength length = run.length();
  for (auto& [path, schedule] : run.schedules) schedule.resolve(length, "schedule." + path);
  for (size_t i = 0; i < run.groups.size(); ++i) {
    if (run.groups[i].lr_schedule) run.groups[i].lr_schedule->resolve(length, cat("group[", i, "].lr_schedule"));
  }
  parameter_groups(plan);
}

std::vector<ParameterGroup> parameter_groups(const Plan& plan) {
  std::vector<ParameterGroup> groups;
  std::vector<bool> used(plan.run.groups.size(), false), busy(plan.run.optimizers.size(), false);
  for (const PlacedParameter& parameter : plan.model.parameters()) {
    size_t optimizer = 0;
    while (optimizer < plan.run.optimizers.size() && !plan.run.optimizers[optimizer].spec->takes(parameter))
      ++optimizer;
    if (!parameter.plan->trainable) {
      // A frozen parameter still shows that its group and its optimizer were meant for something.
      for (size_t i = 0; i < used.size(); ++i) used[i] = used[i] || matches(plan.run.groups[i], parameter);
      if (optimizer < busy.size()) busy[optimizer] = true;
      continue;
    }
    if (optimizer == plan.run.optimizers.size()) {
      throw ConfigError(
          "optimizer.auxiliary",
          "an optimizer for " + parameter.name + ", which " + plan.run.optimizers[0].spec->name + " does not take",
          "none", "add [optimizer.auxiliary] with name = \"sgd\" or \"adamw\"");
    }
    busy[optimizer] = true;
    ParameterGroup group = group_of(plan, parameter, optimizer, used);
    auto found = std::find_if(groups.begin(), groups.end(), [&](const auto& g) { return same_values(g, group); });
    if (found == groups.end()) found = groups.insert(groups.end(), group);
    found->parameters.push_back(parameter.name);
  }
  for (size_t i = 0; i < used.size(); ++i) {
    if (used[i]) continue;
    std::vector<std::string> names;
    for (const PlacedParameter& parameter : plan.model.parameters()) names.push_back(parameter.name);
    throw ConfigError(cat("group[", i, "]"), "a group that matches some parameter",
                      "'" + plan.run.groups[i].match + "'", "there are: " + join(names, ", "));
  }
  for (size_t i = 0; i < busy.size(); ++i) {
    if (busy[i]) continue;
    throw ConfigError(i == 0 ? "optimizer" : "optimizer.auxiliary", "an optimizer that some parameter is left for",
                      "'" + plan.run.optimizers[i].spec->name + "' without any");
  }
  return groups;
}

double training_flops_per_sample(const Plan& plan) {
  PassCost cost = plan.model.flops();
  return cost.forward + cost.backward;
}

Json Plan::to_json() const {
  Json json = {{"model", model.to_json()}};
  Json& out = json["run"];
  out["data"] = {{"name", run.data.name}, {"sample", run.data.sample}, {"train_count", run.train_count}};
  if (run.epoch_samples != run.train_count) out["data"]["epoch_samples"] = run.epoch_samples;
  if (run.steps_vary) out["data"]["steps_vary"] = true;
  out["transforms"] = Json::object();
  for (const TransformPlan& transform : run.transforms) out["transforms"][transform.name] = transform.params.to_json();
  out["batch"] = param_set(run.batch).to_json();
  for (size_t i = 0; i < run.optimizers.size(); ++i) {
    Json& entry = out[i == 0 ? "optimizer" : "auxiliary"];
    entry = run.optimizers[i].params.to_json();
    entry["name"] = run.optimizers[i].spec->name;
  }
  out["groups"] = Json::array();
  for (const GroupSettings& group : run.groups) {
    Json entry = {{"match", group.match}};
    for (Role role : group.roles) entry["roles"].push_back(name_of(role));
    if (group.lr_scale) entry["lr_scale"] = *group.lr_scale;
    if (group.weight_decay) entry["weight_decay"] = *group.weight_decay;
    if (group.lr_schedule) entry["lr_schedule"] = group.lr_schedule->to_json();
    out["groups"].push_back(entry);
  }
  out["schedule"] = Json::object();
  for (const auto& [path, schedule] : run.schedules) out["schedule"][path] = schedule.to_json();
  out["precision"] = param_set(run.precision).to_json();
  out["metric"] = run.metric.name();
  out["evaluation"] = param_set(run.evaluation).to_json();
  out["budget"] = to_string(run.budget);
  return json;
}

std::vector<std::string> json_difference(const Json& before, const Json& after) {
  std::vector<std::string> lines;
  compare_json(before, after, "", lines);
  return lines;
}

}  // namespace hasten
