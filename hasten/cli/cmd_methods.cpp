// hasten methods list|show|matrix: what there is to try, and what nobody tried.
#include <iomanip>
#include <iostream>
#include <map>

#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/cli/command.h"
#include "hasten/methods/catalogue.h"

namespace hasten::cli {
namespace {

std::string verbs_text(const MethodSpec& spec) {
  std::vector<std::string> names;
  for (Verb verb : spec.verbs) names.emplace_back(name_of(verb));
  return join(names, "+");
}

std::vector<std::string> use_names(const MethodSpec& spec) {
  std::vector<std::string> names;
  for (const Use& use : spec.uses) names.push_back(cat(use.site.name(), " (", name_of(use.phase), ")"));
  return names;
}

std::string bottleneck_text(const std::vector<Bottleneck>& list) {
  std::vector<std::string> names;
  for (Bottleneck bottleneck : list) names.emplace_back(name_of(bottleneck));
  return join(names, ", ");
}

Json method_json(const MethodSpec& spec) {
  Json json = {{"name", spec.name}, {"summary", spec.summary}, {"component", name_of(spec.component)}};
  json["verbs"] = Json::array();
  for (Verb verb : spec.verbs) json["verbs"].push_back(name_of(verb));
  json["saves"] = name_of(spec.saves);
  json["raises"] = name_of(spec.raises);
  json["cite"] = spec.cite;
  json["acts_at"] = use_names(spec);
  json["effects"] = effect_names(spec.effects);
  json["neutral"] = spec.neutral.parameter.empty()
                        ? Json{{"none_because", spec.neutral.why_none}}
                        : Json{{"setting", spec.neutral.parameter}, {"value", spec.neutral.value}};
  json["least_run"] = spec.min_horizon.value > 0 ? Json(to_string(spec.min_horizon)) : Json();
  json["families"] = spec.families;
  json["conflicts"] = spec.conflicts;
  json["relieves"] = Json::array();
  for (Bottleneck b : spec.relieves) json["relieves"].push_back(name_of(b));
  json["worsens"] = Json::array();
  for (Bottleneck b : spec.worsens) json["worsens"].push_back(name_of(b));
  json["parameters"] = Json::array();
  ParamSet defaults = spec.params->defaults();
  for (const FieldInfo& info : spec.params->fields()) {
    Json entry = {{"name", info.name}, {"type", info.type}, {"default", defaults.get(info.name)}, {"help", info.help}};
    if (info.type == "number" || info.type == "integer") entry["range"] = info.range.text();
    if (!info.choices.empty()) entry["choices"] = info.choices;
    if (!info.unit.empty()) entry["unit"] = info.unit;
    json["parameters"].push_back(entry);
  }
  return json;
}

void list_methods(const Catalogue& catalogue, bool json) {
  if (json) {
    Json list = Json::array();
    for (const MethodSpec& spec : catalogue.all()) list.push_back(method_json(spec));
    return print_json(list);
  }
  for (const MethodSpec& spec : catalogue.all()) {
    std::cout << std::left << std::setw(26) << spec.name << std::setw(15) << name_of(spec.component) << std::setw(16)
              << verbs_text(spec) << spec.summary << "\n";
  }
}

void show_method(const MethodSpec& spec, bool json) {
  if (json) return print_json(method_json(spec));
  std::cout << spec.name << ": " << spec.summary << "\n\n"
            << "  cell      " << name_of(spec.component) << " x " << verbs_text(spec) << "\n"
            << "  saves     " << name_of(spec.saves)
            << (spec.raises == Factor::kNone ? "" : cat("; may raise ", name_of(spec.raises))) << "\n  paper     "
            << spec.cite << "\n  acts at   " << join(use_names(spec), ", ") << "\n";
  std::cout << "  changes   " << join(effect_names(spec.effects), ", ") << "\n";
  if (!spec.relieves.empty()) std::cout << "  relieves  " << bottleneck_text(spec.relieves) << "\n";
  if (!spec.worsens.empty()) std::cout << "  worsens   " << bottleneck_text(spec.worsens) << "\n";
  std::cout << "  neutral   "
            << (spec.neutral.parameter.empty() ? "none: " + spec.neutral.why_none
                                               : spec.neutral.parameter + " = " + number(spec.neutral.value))
            << "\n";
  if (spec.min_horizon.value > 0) std::cout << "  needs     a run of at least " << to_string(spec.min_horizon) << "\n";
  if (!spec.families.empty()) std::cout << "  families  " << join(spec.families, ", ") << "\n";
  if (!spec.conflicts.empty()) std::cout << "  conflicts " << join(spec.conflicts, ", ") << "\n";
  ParamSet defaults = spec.params->defaults();
  std::cout << (spec.params->fields().empty() ? "\nno settings\n" : "\nsettings:\n");
  for (const FieldInfo& info : spec.params->fields()) {
    std::string allowed = !info.choices.empty()                             ? join(info.choices, " | ")
                          : info.type == "number" || info.type == "integer" ? info.range.text()
                                                                            : info.type;
    std::cout << "  " << std::left << std::setw(16) << info.name << std::setw(12) << defaults.get(info.name).dump()
              << info.help << " (" << allowed << (info.unit.empty() ? "" : ", " + info.unit) << ")\n";
  }
}

// Methods by cell: component x verb.
using Cells = std::map<std::pair<size_t, size_t>, std::vector<std::string>>;
Cells cells_of(const Catalogue& catalogue) {
  Cells cells;
  for (const MethodSpec& spec : catalogue.all()) {
    for (Verb verb : spec.verbs)
      cells[{static_cast<size_t>(spec.component), static_cast<size_t>(verb)}].push_back(spec.name);
  }
  return cells;
}

void show_matrix(const Catalogue& catalogue, bool json) {
  Cells cells = cells_of(catalogue);
  const auto components = choices(Component{});
  const auto verbs = choices(Verb{});
  Json document = Json::object();
  std::vector<std::string> gaps;
  for (size_t c = 0; c < components.size(); ++c) {
    if (!json) std::cout << components[c] << "\n";
    for (size_t v = 0; v < verbs.size(); ++v) {
      const std::vector<std::string>& names = cells[{c, v}];
      document["cells"][std::string(components[c])][std::string(verbs[v])] = names;
      if (names.empty()) gaps.push_back(cat(components[c], " x ", verbs[v]));
      if (!json) {
        std::cout << "  " << std::left << std::setw(10) << verbs[v] << (names.empty() ? "-" : join(names, ", "))
                  << "\n";
      }
    }
  }
  document["empty"] = gaps;
  if (json) return print_json(document);
  std::cout << "\n"
            << catalogue.all().size() << " methods; " << gaps.size() << " of " << components.size() * verbs.size()
            << " cells without one" << (gaps.empty() ? "" : ": " + join(gaps, ", ")) << "\n";
}

}  // namespace

void add_methods(CLI::App& app, Context& context) {
  CLI::App* methods = app.add_subcommand("methods", "the catalogue of methods");
  methods->require_subcommand(1);
  CLI::App* list = methods->add_subcommand("list", "all methods, a line each");
  add_json_flag(*list, context);
  list->callback([&context] { list_methods(Catalogue(method_specs()), context.json); });

  CLI::App* matrix = methods->add_subcommand("matrix", "methods by what they change (component) and how (verb)");
  add_json_flag(*matrix, context);
  matrix->callback([&context] { show_matrix(Catalogue(method_specs()), context.json); });

  CLI::App* show = methods->add_subcommand("show", "one method: what, cell, paper, settings");
  add_json_flag(*show, context);
  auto name = std::make_shared<std::string>();
  show->add_option("name", *name, "the method")->required();
  show->callback([&context, name] {
    Catalogue catalogue(method_specs());
    show_method(catalogue.get(*name, "name"), context.json);
  });
}

}  // namespace hasten::cli
