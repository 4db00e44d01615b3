// Written from the specs alone.
#include "hasten/cli/method_pages.h"

#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/spec/method_views.h"

namespace hasten::cli {
namespace {

constexpr const char* kGenerated = "<!-- Written by `hasten methods docs`; edits are lost. -->\n\n";
constexpr size_t kSimilar = 5;

std::string link(const std::string& name) { return cat("[", name, "](", name, ".md)"); }

std::string links(const std::vector<const MethodSpec*>& methods) {
  std::vector<std::string> names;
  for (const MethodSpec* method : methods) names.push_back(link(method->name));
  return names.empty() ? "-" : join(names, ", ");
}

// A bar ends a cell of a table.
std::string in_table(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out;
}

void add_fact(std::string& page, const char* what, const std::string& text) {
  if (!text.empty()) page += cat("| ", what, " | ", in_table(text), " |\n");
}

std::string page_of(const Catalogue& catalogue, const MethodSpec& spec) {
  std::string page =
      cat(kGenerated, "# ", spec.name, "\n\n", spec.summary, ".\n\n```\n", spec.maths, "\n```\n\n| | |\n|---|---|\n");
  add_fact(page, "cell", cat(name_of(spec.component), " x ", verbs_text(spec)));
  add_fact(page, "saves", saves_text(spec));
  add_fact(page, "paper", spec.cite);
  add_fact(page, "acts at", join(use_names(spec), ", "));
  add_fact(page, "changes", join(effect_names(spec.effects), ", "));
  add_fact(page, "relieves", join(names_of(spec.relieves), ", "));
  add_fact(page, "worsens", join(names_of(spec.worsens), ", "));
  add_fact(page, "is the baseline where",
           spec.neutral.parameter.empty() ? "never: " + spec.neutral.why_none
                                          : cat(spec.neutral.parameter, " = ", number(spec.neutral.value)));
  add_fact(page, "needs a run of", spec.min_horizon.value > 0 ? "at least " + to_string(spec.min_horizon) : "");
  add_fact(page, "families", join(spec.families, ", "));
  add_fact(page, "samples", join(need_names(spec), ", "));
  add_fact(page, "not together with", join(conflict_texts(catalogue, spec), "; "));
  if (!spec.params->fields().empty()) {
    page += "\n## Settings\n\n| setting | default | | |\n|---|---|---|---|\n";
    const ParamSet defaults = spec.params->defaults();
    for (const FieldInfo& info : spec.params->fields()) {
      page += cat("| `", info.name, "` | `", defaults.get(info.name).dump(), "` | ", in_table(info.help), " | ",
                  in_table(allowed_text(info)), " |\n");
    }
  }
  page += cat("\n```\nhasten train recipe.toml --with ", spec.name, "\nhasten methods check ", spec.name, "\n```\n");
  const std::vector<Likeness> similar = similar_methods(catalogue, spec, kSimilar);
  if (!similar.empty()) page += "\n## Similar methods\n\n";
  for (const Likeness& likeness : similar) {
    page += cat("- ", link(likeness.method->name), ": ", likeness.method->summary,
                ". Both: ", join(likeness.reasons, "; "), ".\n");
  }
  return page;
}

std::string index_of(const Catalogue& catalogue) {
  std::string page =
      cat(kGenerated, "# Methods\n\n", catalogue.all().size(),
          " methods by what they change (rows) and what they do to it (columns), after Bartoldson, Kailkhura "
          "and Blalock (JMLR 2023). A method with two verbs stands in two cells.\n\n| |");
  for (const std::string_view verb : choices(Verb{})) page += cat(" ", verb, " |");
  page += "\n|---|";
  for (size_t i = 0; i < choices(Verb{}).size(); ++i) page += "---|";
  for (size_t c = 0; c < choices(Component{}).size(); ++c) {
    page += cat("\n| ", choices(Component{})[c], " |");
    for (size_t v = 0; v < choices(Verb{}).size(); ++v) {
      page += cat(" ", links(methods_in(catalogue, static_cast<Component>(c), static_cast<Verb>(v))), " |");
    }
  }
  page += "\n\n| method | saves | what it does |\n|---|---|---|\n";
  for (const MethodSpec& spec : catalogue.all()) {
    page += cat("| ", link(spec.name), " | ", saves_text(spec), " | ", in_table(spec.summary), " |\n");
  }
  return page;
}

}  // namespace

std::string allowed_text(const FieldInfo& info) {
  const bool ranged = info.type == "number" || info.type == "integer";
  return cat(!info.choices.empty() ? join(info.choices, " | ")
             : ranged              ? info.range.text()
                                   : info.type,
             info.unit.empty() ? "" : ", " + info.unit);
}

std::string saves_text(const MethodSpec& spec) {
  return cat(name_of(spec.saves), spec.raises == Factor::kNone ? "" : cat("; may raise ", name_of(spec.raises)));
}

std::string verbs_text(const MethodSpec& spec) { return join(names_of(spec.verbs), "+"); }

std::vector<std::string> use_names(const MethodSpec& spec) {
  std::vector<std::string> names;
  for (const Use& use : spec.uses) names.push_back(cat(use.site.name(), " (", name_of(use.phase), ")"));
  return names;
}

std::vector<std::string> need_names(const MethodSpec& spec) {
  std::vector<std::string> names;
  if ((spec.needs & kImages) != 0) names.emplace_back("images");
  if ((spec.needs & kClassLabels) != 0) names.emplace_back("one class each");
  return names;
}

std::vector<std::string> conflict_texts(const Catalogue& catalogue, const MethodSpec& spec) {
  std::vector<std::string> texts;
  for (const auto& [why, names] : conflicts_of(catalogue, spec)) texts.push_back(cat(join(names, ", "), ": ", why));
  return texts;
}

std::map<std::string, std::string> method_pages(const Catalogue& catalogue) {
  std::map<std::string, std::string> pages{{"README.md", index_of(catalogue)}};
  for (const MethodSpec& spec : catalogue.all()) pages[spec.name + ".md"] = page_of(catalogue, spec);
  return pages;
}

}  // namespace hasten::cli
