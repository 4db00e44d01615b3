#include "hasten/cli/method_evidence.h"

#include <iomanip>
#include <iostream>
#include <optional>

#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/cli/command.h"
#include "hasten/cli/method_pages.h"
#include "hasten/report/taxonomy_page.h"
#include "hasten/spec/method_views.h"

namespace hasten::cli {
namespace {

using evaluate::MethodVerdict;
using evaluate::VerdictFile;

std::vector<VerdictInFile> pairs_of(const MethodSpec& spec, const Measured& measured) {
  std::vector<VerdictInFile> found = pairs_with(spec, measured.files);
  for (const VerdictInFile& pair : pairs_with(spec, measured.pairs)) found.push_back(pair);
  return found;
}

Json span_json(const std::optional<evaluate::Span>& span) {
  const auto number = [](const std::optional<double>& value) { return value ? Json(*value) : Json(); };
  if (!span) return {};
  return {{"value", span->value}, {"low", number(span->low)}, {"high", number(span->high)}};
}

Json verdict_json(const VerdictFile& file, const MethodVerdict& verdict) {
  const auto number = [](const std::optional<double>& value) { return value ? Json(*value) : Json(); };
  Json json = {{"workload", file.workload},
               {"verdict", report::verdict_word(verdict)},
               {"metric", file.metric},
               {"budget", file.budget},
               {"methods", verdict.methods},
               {"settings", verdict.settings},
               {"runs", verdict.runs},
               {"diverged", verdict.diverged},
               {"failed", verdict.failed},
               {"reason", verdict.reason},
               {"against", verdict.against.empty() ? "baseline" : verdict.against}};
  if (verdict.effect) {
    json["effect"] = verdict.effect->value;
    json["low"] = number(verdict.effect->low);
    json["high"] = number(verdict.effect->high);
  }
  json["detectable"] = number(verdict.detectable);
  json["adjusted_p"] = number(verdict.adjusted_p);
  json["seconds"] = span_json(verdict.seconds);
  json["total_seconds"] = span_json(verdict.total_seconds);
  json["flops"] = span_json(verdict.flops);
  if (verdict.methods.size() > 1) {
    json["beyond_sum"] = span_json(verdict.beyond_sum);
    json["sum"] = verdict.sum ? Json(evaluate::name(*verdict.sum)) : Json();
  }
  json["margin"] = file.margin;
  json["confidence"] = file.confidence;
  json["recipe"] = file.recipe;
  json["cpu"] = file.cpu;
  json["accelerator"] = file.accelerator;
  json["commit"] = file.commit;
  json["date"] = file.date;
  json["command"] = file.command;
  json["file"] = file.source;
  json["run_ids"] = verdict.run_ids;
  return json;
}

std::string runs_text(const MethodVerdict& verdict) {
  return cat(verdict.runs, verdict.runs == 1 ? " run" : " runs",
             verdict.diverged > 0 ? cat(", ", verdict.diverged, " diverged") : "",
             verdict.failed > 0 ? cat(", ", verdict.failed, " failed") : "");
}

// What was compared with what, and where that stands.
void show_evidence(const VerdictFile& file, const MethodVerdict& verdict) {
  const std::string indent(32, ' ');
  if (!verdict.reason.empty()) {
    std::cout << indent << (verdict.against.empty() ? "" : cat("against ", verdict.against, ": ")) << verdict.reason
              << "\n";
  }
  std::vector<std::string> facts{join(verdict.settings.empty() ? verdict.methods : verdict.settings, " with "),
                                 "margin " + report::effect_text(file, evaluate::Span{file.margin, {}, {}})};
  if (verdict.detectable)
    facts.push_back("can show " + report::effect_text(file, evaluate::Span{*verdict.detectable, {}, {}}));
  if (verdict.adjusted_p) facts.push_back(cat("p ", significant(*verdict.adjusted_p, 2), " with all others (Holm)"));
  std::cout << indent << join(facts, "; ") << "\n";
  std::vector<std::string> source;
  for (const std::string& text : {file.source, file.command, file.recipe, file.cpu, file.date.substr(0, 10)}) {
    if (!text.empty()) source.push_back(text);
  }
  std::cout << indent << join(source, "; ") << "\n";
  if (!verdict.run_ids.empty()) std::cout << indent << "runs " << join(verdict.run_ids, ", ") << "\n";
}

void show_verdicts(const MethodSpec& spec, const Measured& measured) {
  const auto found = verdicts_on(spec, measured.files);
  if (!found.empty()) std::cout << "\nverdicts:\n";
  for (const auto& [file, verdict] : found) {
    std::cout << "  " << std::left << std::setw(17) << file->workload << " " << std::setw(12)
              << report::marked_word(*file, *verdict) << file->metric
              << (verdict->effect ? " " + report::effect_text(*file, verdict->effect) : "") << " at " << file->budget
              << ", " << runs_text(*verdict)
              << (verdict->seconds ? cat(", seconds ", report::ratio_text(verdict->seconds), " times fewer") : "")
              << "\n";
    show_evidence(*file, *verdict);
  }
  if (found.empty()) std::cout << "\nverdicts: none yet; hasten ablate RECIPE --add " << spec.name << "\n";
  const auto pairs = pairs_of(spec, measured);
  if (!pairs.empty()) std::cout << "\nmeasured together:\n";
  for (const auto& [file, verdict] : pairs) {
    std::cout << "  " << std::left << std::setw(17) << file->workload << " " << std::setw(12)
              << report::marked_word(*file, *verdict) << report::verdict_subject(*verdict) << ", " << file->metric
              << (verdict->effect ? " " + report::effect_text(*file, verdict->effect) : "") << " at " << file->budget
              << ", " << runs_text(*verdict)
              << (verdict->beyond_sum ? "; beyond the sum " + report::effect_text(*file, verdict->beyond_sum) : "")
              << (verdict->sum ? cat(", ", evaluate::name(*verdict->sum)) : "") << "\n";
    show_evidence(*file, *verdict);
  }
}

}  // namespace

Measured::Measured(const std::vector<std::string>& paths) : files(load_verdicts(paths)), pairs(load_pairs(paths)) {}

Json method_json(const Catalogue& catalogue, const MethodSpec& spec, const Measured& measured) {
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
  json["samples"] = need_names(spec);
  json["conflicts"] = Json::array();
  for (const auto& [why, names] : conflicts_of(catalogue, spec))
    json["conflicts"].push_back({{"methods", names}, {"because", why}});
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
  for (const auto& [file, verdict] : verdicts_on(spec, measured.files))
    json["verdicts"].push_back(verdict_json(*file, *verdict));
  json["pairs"] = Json::array();
  for (const auto& [file, verdict] : pairs_of(spec, measured)) json["pairs"].push_back(verdict_json(*file, *verdict));
  return json;
}

void show_method(const Catalogue& catalogue, const MethodSpec& spec, const Measured& measured, bool json) {
  if (json) return print_json(method_json(catalogue, spec, measured));
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
  if (spec.needs != kNothing) std::cout << "  samples   " << join(need_names(spec), ", ") << "\n";
  for (const std::string& conflict : conflict_texts(catalogue, spec)) std::cout << "  conflicts " << conflict << "\n";
  ParamSet defaults = spec.params->defaults();
  std::cout << (spec.params->fields().empty() ? "\nno settings\n" : "\nsettings:\n");
  for (const FieldInfo& info : spec.params->fields()) {
    std::cout << "  " << std::left << std::setw(16) << info.name << std::setw(12) << defaults.get(info.name).dump()
              << info.help << " (" << allowed_text(info) << ")\n";
  }
  show_verdicts(spec, measured);
}

}  // namespace hasten::cli
