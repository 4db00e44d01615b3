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
#include "hasten/cli/gaps_text.h"
#include "hasten/cli/method_evidence.h"
#include "hasten/cli/method_pages.h"
#include "hasten/cli/method_verdicts.h"
#include "hasten/methods/catalogue.h"
#include "hasten/report/taxonomy_page.h"
#include "hasten/spec/family.h"
#include "hasten/spec/method_views.h"

namespace hasten::cli {
namespace {

using evaluate::VerdictFile;

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
  const Measured measured(wanted.verdicts);
  std::vector<const MethodSpec*> found = methods_where(catalogue, filter_of(wanted));
  std::erase_if(found, [&](const MethodSpec* spec) {
    const std::vector<std::string> words = words_of(*spec, measured.files);
    return !wanted.verdict.empty() && std::find(words.begin(), words.end(), wanted.verdict) == words.end();
  });
  if (json) {
    Json list = Json::array();
    for (const MethodSpec* spec : found) list.push_back(method_json(catalogue, *spec, measured));
    return print_json(list);
  }
  for (const MethodSpec* spec : found) {
    std::cout << std::left << std::setw(26) << spec->name << std::setw(15) << name_of(spec->component) << std::setw(19)
              << verbs_text(*spec) << std::setw(18) << short_words(words_of(*spec, measured.files)) << "  "
              << spec->summary << "\n";
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
        const auto found = measured_on(*spec, files);
        Json words = Json::array();
        for (const auto& [file, verdict] : found)
          words.push_back({{"workload", file->workload}, {"verdict", report::verdict_word(*verdict)}});
        if (!found.empty()) document["verdicts"][spec->name] = words;
        names.push_back(json || found.empty() ? spec->name
                                              : cat(spec->name, " (", short_words(words_of(*spec, files)), ")"));
      }
      document["cells"][std::string(components[c])][std::string(verbs[v])] = names;
      document["counts"][std::string(components[c])][std::string(verbs[v])] = names.size();
      if (names.empty()) gaps.push_back(cat(components[c], " x ", verbs[v]));
      if (!json) {
        std::cout << "  " << std::left << std::setw(15)
                  << (names.empty() ? std::string(verbs[v]) : cat(verbs[v], " (", names.size(), ")"))
                  << (names.empty() ? "-" : join(names, ", ")) << "\n";
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
    const Measured measured(*matrix_files);
    show_matrix(catalogue, measured.files, context.json);
    if (page->empty()) return;
    write_file_atomic(
        *page, report::taxonomy_page(catalogue, measured.files,
                                     {"Methods and what was measured of them", context.command_line, measured.pairs}));
    std::cerr << "wrote " << *page << "\n";
  });

  CLI::App* gaps = methods->add_subcommand("gaps", "what is missing: methods, verdicts, pairs that nobody tried");
  add_json_flag(*gaps, context);
  auto gap_files = std::make_shared<std::vector<std::string>>();
  add_verdicts_option(*gaps, *gap_files);
  gaps->callback([&context, gap_files] {
    const Measured measured(*gap_files);
    const GapKnowledge known = read_gaps(embedded::gaps_files().front(), "docs/gaps.toml");
    show_gaps(gaps_of(Catalogue(method_specs()), measured.files, measured.pairs, known), context.json);
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
    const Catalogue catalogue(method_specs());
    show_method(catalogue, catalogue.get(*name, "name"), Measured(*show_files), context.json);
  });
}

}  // namespace hasten::cli
