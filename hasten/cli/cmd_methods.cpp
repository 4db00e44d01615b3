// hasten methods list|show|similar|matrix|docs: what there is to try, and what nobody tried.
#include <algorithm>
#include <filesystem>
#include <iomanip>
#include <iostream>
#include <memory>
#include <optional>

#include "hasten/base/files.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/cli/command.h"
#include "hasten/cli/method_pages.h"
#include "hasten/methods/catalogue.h"
#include "hasten/spec/family.h"
#include "hasten/spec/method_views.h"

namespace hasten::cli {
namespace {

Json method_json(const MethodSpec& spec) {
  Json json = {{"name", spec.name}, {"summary", spec.summary}, {"component", name_of(spec.component)}};
  json["verbs"] = names_of(spec.verbs);
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
  json["relieves"] = names_of(spec.relieves);
  json["worsens"] = names_of(spec.worsens);
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

std::vector<std::string> family_names() {
  std::vector<std::string> names;
  for (const FamilySpec& family : family_specs()) names.push_back(family.name);
  return names;
}

// What `methods list` was asked for, as it was typed.
struct Wanted {
  std::string component, verb, family, saves, relieves;
};

template <class Enum>
std::optional<Enum> value_named(const std::string& name) {
  const auto names = choices(Enum{});
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;  // not asked for: options take known names only
  return static_cast<Enum>(found - names.begin());
}

MethodFilter filter_of(const Wanted& wanted) {
  MethodFilter filter;
  filter.component = value_named<Component>(wanted.component);
  filter.verb = value_named<Verb>(wanted.verb);
  filter.family = wanted.family;
  filter.relieves = value_named<Bottleneck>(wanted.relieves);
  if (!wanted.saves.empty()) filter.saves = wanted.saves == "cost" ? Factor::kIterationCost : Factor::kIterations;
  return filter;
}

void list_methods(const Catalogue& catalogue, const MethodFilter& filter, bool json) {
  const std::vector<const MethodSpec*> found = methods_where(catalogue, filter);
  if (json) {
    Json list = Json::array();
    for (const MethodSpec* spec : found) list.push_back(method_json(*spec));
    return print_json(list);
  }
  for (const MethodSpec* spec : found) {
    std::cout << std::left << std::setw(26) << spec->name << std::setw(15) << name_of(spec->component) << std::setw(17)
              << verbs_text(*spec) << spec->summary << "\n";
  }
  if (found.empty()) std::cout << "no method of this kind; hasten methods matrix shows what there is\n";
}

void show_similar(const Catalogue& catalogue, const MethodSpec& spec, bool json) {
  constexpr size_t kShown = 8;
  const std::vector<Likeness> similar = similar_methods(catalogue, spec, kShown);
  if (json) {
    Json list = Json::array();
    for (const Likeness& likeness : similar) {
      list.push_back({{"name", likeness.method->name}, {"weight", likeness.weight}, {"both", likeness.reasons}});
    }
    return print_json(list);
  }
  std::cout << spec.name << ": " << spec.summary << "\n";
  for (const Likeness& likeness : similar) {
    std::cout << "\n" << likeness.method->name << ": " << likeness.method->summary << "\n";
    for (const std::string& reason : likeness.reasons) std::cout << "  both: " << reason << "\n";
  }
  if (similar.empty()) std::cout << "\nno other method shares its cell, or a place and an effect\n";
}

int write_pages(const Catalogue& catalogue, const std::filesystem::path& folder) {
  const std::map<std::string, std::string> pages = method_pages(catalogue);
  std::filesystem::create_directories(folder);
  for (const auto& [name, page] : pages) write_file_atomic(folder / name, page);
  std::cout << pages.size() << " pages in " << folder.string() << "\n";
  return kSuccess;
}

// Says which pages are not as they would be written, and what belongs to no method.
int check_pages(const Catalogue& catalogue, const std::filesystem::path& folder) {
  const std::map<std::string, std::string> pages = method_pages(catalogue);
  std::vector<std::string> stale, strays;
  for (const auto& [name, page] : pages) {
    if (!std::filesystem::exists(folder / name) || read_file(folder / name) != page) stale.push_back(name);
  }
  std::error_code absent;  // then all pages are stale
  for (const auto& entry : std::filesystem::directory_iterator(folder, absent)) {
    const std::string name = entry.path().filename().string();
    if (!pages.contains(name)) strays.push_back(name);
  }
  if (!stale.empty()) {
    std::cout << "stale: " << join(stale, ", ") << "; write them with hasten methods docs " << folder.string() << "\n";
  }
  if (!strays.empty()) std::cout << "of no method, to be removed: " << join(strays, ", ") << "\n";
  if (stale.empty() && strays.empty()) std::cout << pages.size() << " pages in " << folder.string() << "\n";
  return stale.empty() && strays.empty() ? kSuccess : kStrictFailure;
}

void show_method(const MethodSpec& spec, bool json) {
  if (json) return print_json(method_json(spec));
  std::cout << spec.name << ": " << spec.summary << "\n\n"
            << "  cell      " << name_of(spec.component) << " x " << verbs_text(spec) << "\n"
            << "  saves     " << saves_text(spec) << "\n  paper     " << spec.cite << "\n  acts at   "
            << join(use_names(spec), ", ") << "\n";
  std::cout << "  changes   " << join(effect_names(spec.effects), ", ") << "\n";
  if (!spec.relieves.empty()) std::cout << "  relieves  " << join(names_of(spec.relieves), ", ") << "\n";
  if (!spec.worsens.empty()) std::cout << "  worsens   " << join(names_of(spec.worsens), ", ") << "\n";
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
    std::cout << "  " << std::left << std::setw(16) << info.name << std::setw(12) << defaults.get(info.name).dump()
              << info.help << " (" << allowed_text(info) << ")\n";
  }
}

void show_matrix(const Catalogue& catalogue, bool json) {
  const auto components = choices(Component{});
  const auto verbs = choices(Verb{});
  Json document = Json::object();
  std::vector<std::string> gaps;
  for (size_t c = 0; c < components.size(); ++c) {
    if (!json) std::cout << components[c] << "\n";
    for (size_t v = 0; v < verbs.size(); ++v) {
      std::vector<std::string> names;
      for (const MethodSpec* spec : methods_in(catalogue, static_cast<Component>(c), static_cast<Verb>(v))) {
        names.push_back(spec->name);
      }
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
  CLI::App* list = methods->add_subcommand("list", "methods, a line each: all, or those of a kind");
  add_json_flag(*list, context);
  auto wanted = std::make_shared<Wanted>();
  const auto one_of = [](const auto& names) {
    return CLI::IsMember(std::vector<std::string>(names.begin(), names.end()));
  };
  list->add_option("--component", wanted->component, "what they change")->check(one_of(choices(Component{})));
  list->add_option("--verb", wanted->verb, "what they do to it")->check(one_of(choices(Verb{})));
  list->add_option("--family", wanted->family, "models that they work with")->check(one_of(family_names()));
  list->add_option("--saves", wanted->saves, "the factor of cost that they make smaller")
      ->check(CLI::IsMember({"iterations", "cost"}));
  list->add_option("--relieves", wanted->relieves, "bottleneck that they relieve")
      ->check(one_of(choices(Bottleneck{})));
  list->callback([&context, wanted] { list_methods(Catalogue(method_specs()), filter_of(*wanted), context.json); });

  CLI::App* matrix = methods->add_subcommand("matrix", "methods by what they change (component) and how (verb)");
  add_json_flag(*matrix, context);
  matrix->callback([&context] { show_matrix(Catalogue(method_specs()), context.json); });

  CLI::App* similar = methods->add_subcommand("similar", "methods that do the same to a training program, and in what");
  add_json_flag(*similar, context);
  auto original = std::make_shared<std::string>();
  similar->add_option("name", *original, "the method")->required();
  similar->callback([&context, original] {
    Catalogue catalogue(method_specs());
    show_similar(catalogue, catalogue.get(*original, "name"), context.json);
  });

  CLI::App* docs = methods->add_subcommand("docs", "write a page of Markdown for each method, and one with the matrix");
  auto folder = std::make_shared<std::string>();
  auto check = std::make_shared<bool>(false);
  docs->add_option("folder", *folder, "where to")->required();
  docs->add_flag("--check", *check, "write nothing; exit 4 when a page is not as it would be written");
  docs->callback([&context, folder, check] {
    const Catalogue catalogue(method_specs());
    context.exit_code = *check ? check_pages(catalogue, *folder) : write_pages(catalogue, *folder);
  });

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
