// hasten methods list|show|similar|matrix|gaps|docs: what there is to try, and what nobody tried.
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
#include "hasten/cli/embedded.h"
#include "hasten/cli/method_pages.h"
#include "hasten/cli/method_verdicts.h"
#include "hasten/methods/catalogue.h"
#include "hasten/report/taxonomy_page.h"
#include "hasten/spec/family.h"
#include "hasten/spec/method_views.h"

namespace hasten::cli {
namespace {

using evaluate::MethodVerdict;
using evaluate::VerdictFile;

Json method_json(const MethodSpec& spec, const std::vector<VerdictFile>& files) {
  Json json = {
      {"name", spec.name}, {"summary", spec.summary}, {"maths", spec.maths}, {"component", name_of(spec.component)}};
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
  json["verdicts"] = Json::array();
  for (const auto& [file, verdict] : verdicts_on(spec, files)) {
    const auto number = [](const std::optional<double>& value) { return value ? Json(*value) : Json(); };
    Json entry = {{"workload", file->workload},
                  {"verdict", report::verdict_word(verdict->verdict)},
                  {"metric", file->metric},
                  {"budget", file->budget},
                  {"runs", verdict->runs},
                  {"reason", verdict->reason},
                  {"against", verdict->against.empty() ? "baseline" : verdict->against}};
    if (verdict->effect) {
      entry["effect"] = verdict->effect->value;
      entry["low"] = number(verdict->effect->low);
      entry["high"] = number(verdict->effect->high);
    }
    json["verdicts"].push_back(std::move(entry));
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
  std::string component, verb, family, saves, relieves, verdict;
  std::vector<std::string> verdicts;  // files
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

// Each word once.
std::string short_words(std::vector<std::string> words) {
  std::vector<std::string> once;
  for (std::string& word : words) {
    if (std::find(once.begin(), once.end(), word) == once.end()) once.push_back(std::move(word));
  }
  return join(once, ", ");
}

void list_methods(const Catalogue& catalogue, const Wanted& wanted, bool json) {
  const std::vector<VerdictFile> files = load_verdicts(wanted.verdicts);
  std::vector<const MethodSpec*> found = methods_where(catalogue, filter_of(wanted));
  std::erase_if(found, [&](const MethodSpec* spec) {
    const std::vector<std::string> words = words_of(*spec, files);
    return !wanted.verdict.empty() && std::find(words.begin(), words.end(), wanted.verdict) == words.end();
  });
  if (json) {
    Json list = Json::array();
    for (const MethodSpec* spec : found) list.push_back(method_json(*spec, files));
    return print_json(list);
  }
  for (const MethodSpec* spec : found) {
    std::cout << std::left << std::setw(26) << spec->name << std::setw(15) << name_of(spec->component) << std::setw(17)
              << verbs_text(*spec) << std::setw(18) << short_words(words_of(*spec, files)) << "  " << spec->summary
              << "\n";
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

void show_verdicts(const MethodSpec& spec, const std::vector<VerdictFile>& files) {
  const auto found = verdicts_on(spec, files);
  if (!found.empty()) std::cout << "\nverdicts:\n";
  for (const auto& [file, verdict] : found) {
    std::cout << "  " << std::left << std::setw(18) << file->workload << std::setw(12)
              << report::verdict_word(verdict->verdict) << file->metric << " "
              << report::effect_text(*file, verdict->effect) << " at " << file->budget << ", " << verdict->runs
              << " runs, seconds " << report::ratio_text(verdict->seconds) << " times fewer\n"
              << std::string(32, ' ') << (verdict->against.empty() ? "" : cat("against ", verdict->against, ": "))
              << verdict->reason << "\n";
  }
  if (found.empty()) std::cout << "\nverdicts: none yet; hasten ablate RECIPE --add " << spec.name << "\n";
}

void show_method(const MethodSpec& spec, const std::vector<VerdictFile>& files, bool json) {
  if (json) return print_json(method_json(spec, files));
  std::cout << spec.name << ": " << spec.summary << "\n\n";
  for (const std::string& line : split(spec.maths, '\n')) std::cout << "  " << line << "\n";
  std::cout << "\n  cell      " << name_of(spec.component) << " x " << verbs_text(spec) << "\n"
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
  show_verdicts(spec, files);
}

std::string cell_name(Component component, Verb verb) { return cat(name_of(component), " x ", name_of(verb)); }

Json cells_json(const std::vector<CellKnowledge>& cells) {
  Json json = Json::array();
  for (const CellKnowledge& cell : cells) {
    json.push_back({{"component", name_of(cell.component)},
                    {"verb", name_of(cell.verb)},
                    {"known", cell.known},
                    {"source", cell.source}});
  }
  return json;
}

Json gaps_json(const Gaps& gaps) {
  Json json = {{"empty", cells_json(gaps.empty)}, {"filled", cells_json(gaps.filled)}, {"unmeasured", gaps.unmeasured},
               {"none_helps", Json::array()},     {"untried_pairs", Json::array()},    {"pairs", gaps.pairs},
               {"pairs_tried", gaps.tried}};
  for (const Gaps::PoorCell& cell : gaps.poor) {
    json["none_helps"].push_back(
        {{"component", name_of(cell.component)}, {"verb", name_of(cell.verb)}, {"methods", cell.methods}});
  }
  for (const Gaps::Pair& pair : gaps.untried)
    json["untried_pairs"].push_back({{"workload", pair.workload}, {"methods", {pair.first, pair.second}}});
  return json;
}

void show_gaps(const Gaps& gaps, bool json) {
  if (json) return print_json(gaps_json(gaps));
  std::cout << gaps.empty.size() << " cells without a method\n";
  for (const CellKnowledge& cell : gaps.empty) {
    std::cout << "\n  " << cell_name(cell.component, cell.verb) << "\n    "
              << (cell.known.empty() ? "nothing is written down; docs/gaps.toml is the place" : cell.known) << "\n";
    if (!cell.source.empty()) std::cout << "    " << cell.source << "\n";
  }
  for (const CellKnowledge& cell : gaps.filled)
    std::cout << "\n  " << cell_name(cell.component, cell.verb)
              << " has a method by now: its entry in docs/gaps.toml can go\n";
  std::cout << "\n" << gaps.poor.size() << " cells where no method that was measured helps\n";
  for (const Gaps::PoorCell& cell : gaps.poor) {
    std::cout << "\n  " << cell_name(cell.component, cell.verb) << "\n";
    for (const std::string& method : cell.methods) std::cout << "    " << method << "\n";
  }
  std::cout << "\n"
            << gaps.unmeasured.size() << " methods without a verdict" << (gaps.unmeasured.empty() ? "" : "\n  ")
            << join(gaps.unmeasured, ", ") << "\n\n"
            << gaps.tried << " of " << gaps.pairs << " pairs of methods were measured together";
  if (!gaps.untried.empty()) std::cout << "; of methods that help alone on a workload these were not:";
  std::cout << "\n";
  for (const Gaps::Pair& pair : gaps.untried)
    std::cout << "  " << pair.workload << ": " << pair.first << " with " << pair.second << "\n";
}

// In a terminal a method that was measured has its words behind it.
void show_matrix(const Catalogue& catalogue, const std::vector<VerdictFile>& files, bool json) {
  const auto components = choices(Component{});
  const auto verbs = choices(Verb{});
  Json document = Json::object();
  std::vector<std::string> gaps;
  for (size_t c = 0; c < components.size(); ++c) {
    if (!json) std::cout << components[c] << "\n";
    for (size_t v = 0; v < verbs.size(); ++v) {
      std::vector<std::string> names;
      for (const MethodSpec* spec : methods_in(catalogue, static_cast<Component>(c), static_cast<Verb>(v))) {
        const std::vector<std::string> words = words_of(*spec, files);
        const bool measured = words.front() != verdict_words().back();
        if (measured) document["verdicts"][spec->name] = words;
        names.push_back(json || !measured ? spec->name : cat(spec->name, " (", short_words(words), ")"));
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

void add_verdicts_option(CLI::App& command, std::vector<std::string>& paths) {
  command
      .add_option("--verdicts", paths,
                  "verdicts of your own instead of the project's: what hasten ablate wrote; repeatable")
      ->allow_extra_args(false);
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
  list->add_option("--verdict", wanted->verdict, "on some workload; none: no difference")
      ->check(CLI::IsMember(verdict_words()));
  add_verdicts_option(*list, wanted->verdicts);
  list->callback([&context, wanted] { list_methods(Catalogue(method_specs()), *wanted, context.json); });

  CLI::App* matrix = methods->add_subcommand("matrix", "methods by what they change (component) and how (verb)");
  add_json_flag(*matrix, context);
  auto matrix_files = std::make_shared<std::vector<std::string>>();
  auto page = std::make_shared<std::string>();
  matrix->add_option("--html", *page,
                     "write a page too: the matrix coloured by verdict, effects with intervals, pairs");
  add_verdicts_option(*matrix, *matrix_files);
  matrix->callback([&context, matrix_files, page] {
    const Catalogue catalogue(method_specs());
    const std::vector<VerdictFile> files = load_verdicts(*matrix_files);
    show_matrix(catalogue, files, context.json);
    if (page->empty()) return;
    write_file_atomic(*page, report::taxonomy_page(catalogue, files,
                                                   {"Methods and what was measured of them", context.command_line}));
    std::cerr << "wrote " << *page << "\n";
  });

  CLI::App* gaps =
      methods->add_subcommand("gaps", "cells without a method, methods without a verdict, pairs nobody tried");
  add_json_flag(*gaps, context);
  auto gap_files = std::make_shared<std::vector<std::string>>();
  add_verdicts_option(*gaps, *gap_files);
  gaps->callback([&context, gap_files] {
    const std::string text(embedded::gaps_files().front());
    show_gaps(gaps_of(Catalogue(method_specs()), load_verdicts(*gap_files), read_gaps(text, "docs/gaps.toml")),
              context.json);
  });

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

  CLI::App* show = methods->add_subcommand("show", "one method: what, cell, paper, maths, settings, verdicts");
  add_json_flag(*show, context);
  auto name = std::make_shared<std::string>();
  auto show_files = std::make_shared<std::vector<std::string>>();
  show->add_option("name", *name, "the method")->required();
  add_verdicts_option(*show, *show_files);
  show->callback([&context, name, show_files] {
    Catalogue catalogue(method_specs());
    show_method(catalogue.get(*name, "name"), load_verdicts(*show_files), context.json);
  });
}

}  // namespace hasten::cli
