// From the methods of a recipe to live ones.
#include "hasten/core/registry.h"

#include <algorithm>

#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"

namespace hasten {
namespace {

Catalogue catalogue_of(const std::vector<MethodEntry>& entries) {
  std::vector<MethodSpec> specs;
  for (const MethodEntry& entry : entries) specs.push_back(entry.spec);
  return Catalogue(std::move(specs));
}

void check_fits(const MethodSpec& spec, const Plan& plan) {
  const std::string where = "method." + spec.name;
  const std::string& family = plan.model.family;
  // A module of the program asks no one about its weights and blocks.
  const bool inside = std::any_of(spec.uses.begin(), spec.uses.end(), [](const Use& use) {
    return use.site.is_replan() || use.site == Site(Seam::kWeightTransform) || use.site == Site(Seam::kBlockWrapper);
  });
  if (plan.model.opaque && (inside || !spec.families.empty() || (spec.effects & kPlanModel) != 0)) {
    throw ConfigError(where, "a model that is made from a plan, whose layers it can change",
                      "'" + family + "', whose layers no plan describes",
                      "use one of the families, or methods that act on seams and events");
  }
  if (!spec.families.empty() && std::find(spec.families.begin(), spec.families.end(), family) == spec.families.end()) {
    throw ConfigError(where, "a model of the family " + ordinal_list(spec.families, "or"), "'" + family + "'");
  }
  if ((spec.needs & kImages) != 0 && !plan.run.data.is_image())
    throw ConfigError(where, "image data", plan.run.data.name);
  if ((spec.needs & kClassLabels) != 0 && (plan.run.data.classes < 2 || plan.run.data.text))
    throw ConfigError(where, "data with one class a sample", plan.run.data.name);
  if (spec.min_horizon.value <= 0) return;
  double planned = plan.run.length().total(spec.min_horizon.unit);
  if (planned >= 0 && planned < spec.min_horizon.value) {
    throw ConfigError(where, "a run of at least " + to_string(spec.min_horizon) + ", the shortest in which it can act",
                      to_string(plan.run.budget), "remove the method or raise budget.train");
  }
}

// Data without tokens would leave such a length undefined in the middle of the run.
void check_durations(const MethodChoice& choice, const Plan& plan) {
  if (plan.run.data.text) return;
  for (const FieldInfo& info : choice.spec->params->fields()) {
    if (info.type != "duration") continue;
    const std::string where = "method." + choice.spec->name + "." + info.name;
    const std::string text = choice.params.get(info.name).get<std::string>();
    if (parse_duration(text, where).unit != Unit::kToken) continue;
    throw ConfigError(where, "a unit that this data has", "'" + text + "'", "images are counted in samples");
  }
}

}  // namespace

Registry::Registry(std::vector<MethodEntry> entries)
    : entries_(std::move(entries)), catalogue_(catalogue_of(entries_)) {}

Engine Registry::make_engine(const std::vector<MethodChoice>& choices, const Plan& baseline) const {
  std::vector<Engine::Active> methods;
  for (const MethodChoice& choice : choices) {
    check_fits(*choice.spec, baseline);
    check_durations(choice, baseline);
    auto entry =
        std::find_if(entries_.begin(), entries_.end(), [&](const auto& e) { return e.spec.name == choice.spec->name; });
    HASTEN_CHECK(entry != entries_.end(), "no factory for " + choice.spec->name);
    methods.push_back({choice, entry->make(choice.params), 0, 0});
  }
  return Engine(std::move(methods));
}

PlannedRun plan_run(const Recipe& recipe, const Registry& registry, bool allow_inert) {
  return plan_run(recipe, registry, std::nullopt, allow_inert);
}

PlannedRun plan_run(const Recipe& recipe, const Registry& registry, const std::optional<ModelPlan>& own_model,
                    bool allow_inert) {
  Plan unplanned = baseline_plan(recipe);
  if (own_model) unplanned.model = *own_model;
  if (unplanned.model.opaque != own_model.has_value()) {
    HASTEN_CHECK(own_model || recipe.family->name != kTorchScript, "plan_recipe reads the file of such a recipe");
    throw ConfigError("model.family",
                      own_model ? "'custom', since the program brings the model" : "a family of this program",
                      "'" + unplanned.model.family + "'",
                      own_model ? "" : "the program that owns the module trains it, through TrainOptions::model");
  }
  if (recipe.data.translate > 0) {
    unplanned.run.strengths.push_back({"data.translate", static_cast<double>(recipe.data.translate)});
  }
  for (const MethodChoice& choice : recipe.methods) {
    if (choice.spec->strength.empty()) continue;
    unplanned.run.strengths.push_back({"method." + choice.spec->name + "." + choice.spec->strength,
                                       choice.params.get(choice.spec->strength).get<double>()});
  }
  Plan checked = unplanned;
  finish_plan(checked);
  Engine engine = registry.make_engine(recipe.methods, unplanned);
  Plan plan = unplanned;
  engine.edit_plan(plan, allow_inert);
  finish_plan(plan);
  for (const auto& [path, schedule] : plan.run.schedules) {
    if (path.rfind("method.", 0) != 0 || engine.scheduled(path) != nullptr) continue;
    throw ConfigError("schedule." + path, "a numeric setting of a method of the recipe", "'" + path + "'",
                      "write method.NAME.SETTING");
  }
  return {std::move(unplanned), std::move(checked), std::move(plan), std::move(engine)};
}

Plan plan_again(const PlannedRun& run, Engine& engine) {
  // Plans are made from settings as the recipe gives them, not from what a schedule made of them at this moment.
  for (const auto& [path, schedule] : run.plan.run.schedules) {
    double* setting = engine.scheduled(path);
    if (setting == nullptr) continue;
    for (const Engine::Active& active : engine.methods()) {
      const std::string prefix = "method." + active.choice.spec->name + ".";
      if (path.rfind(prefix, 0) == 0) *setting = active.choice.params.get(path.substr(prefix.size())).get<double>();
    }
  }
  Plan plan = run.unplanned;
  engine.edit_plan(plan, true);
  finish_plan(plan);
  return plan;
}

}  // namespace hasten
