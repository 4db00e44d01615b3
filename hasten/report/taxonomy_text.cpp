// Verdicts in words and cells.
#include <cmath>

#include "hasten/base/text.h"
#include "hasten/report/taxonomy_page.h"

namespace hasten::report {
namespace {

using evaluate::MethodVerdict;
using evaluate::Span;
using evaluate::VerdictFile;

bool in_points(const VerdictFile& file) { return file.metric.ends_with("accuracy"); }
std::string signed_text(const VerdictFile& file, double value) {
  const std::string text = in_points(file) ? fixed(100 * value, 2) : significant(value, 3);
  return value > 0 ? "+" + text : text;
}
std::string unit_of(const VerdictFile& file) { return in_points(file) ? " points" : ""; }

// What stays when all of a family are taken together. Only what was found can stay.
bool stays(const VerdictFile& file, const MethodVerdict& verdict) {
  const bool found = verdict.verdict == evaluate::Verdict::kHelps || verdict.verdict == evaluate::Verdict::kHurts;
  return found && verdict.adjusted_p && *verdict.adjusted_p < 1 - file.confidence;
}

std::string marked_sum(const VerdictFile& file, const MethodVerdict& verdict) {
  if (!verdict.sum) return "-";
  const bool found = *verdict.sum == evaluate::Sum::kLess || *verdict.sum == evaluate::Sum::kMore;
  const bool sure = found && verdict.sum_adjusted_p && *verdict.sum_adjusted_p < 1 - file.confidence;
  return std::string(evaluate::name(*verdict.sum)) + (sure ? " *" : "");
}

}  // namespace

std::string verdict_word(evaluate::Verdict verdict) {
  return verdict == evaluate::Verdict::kNoDifference ? "none" : std::string(evaluate::name(verdict));
}

std::string marked_word(const VerdictFile& file, const MethodVerdict& verdict) {
  return verdict_word(verdict) + (stays(file, verdict) ? " *" : "");
}

std::string verdict_subject(const MethodVerdict& verdict) {
  const std::string names = join(verdict.methods, " with ");
  if (!verdict.against.empty()) return names + " against " + verdict.against;
  return verdict.change == evaluate::Change::kLeftOut ? names + " (left out)" : names;
}

std::string effect_text(const VerdictFile& file, const std::optional<Span>& effect) {
  if (!effect) return "-";
  std::string text = signed_text(file, effect->value) + unit_of(file);
  if (effect->low && effect->high)
    text += cat(" (", signed_text(file, *effect->low), " to ", signed_text(file, *effect->high), ")");
  return text;
}

std::string ratio_text(const std::optional<Span>& ratio) {
  if (!ratio) return "-";
  std::string text = fixed(ratio->value, 2);
  if (ratio->low && ratio->high) text += cat(" (", fixed(*ratio->low, 2), " to ", fixed(*ratio->high, 2), ")");
  return text;
}

std::string seeds_text(const VerdictFile& file) {
  return cat(file.seeds, file.max_seeds > file.seeds ? cat(" to ", file.max_seeds) : "", " seeds");
}

Table verdicts_table(const VerdictFile& file, bool pairs) {
  Table table;
  table.head = {"method", "verdict", "effect on " + file.metric, "fewer seconds", "fewer FLOPs", "can show",
                "runs",   "settings"};
  if (pairs) table.head = {"methods", "together", "effect of both", "beyond the sum", "sum", "runs"};
  table.text_columns = 2;
  for (const MethodVerdict& verdict : file.verdicts) {
    if ((verdict.methods.size() > 1) != pairs) continue;
    std::string runs = std::to_string(verdict.runs);
    if (verdict.diverged > 0) runs += cat(", ", verdict.diverged, " diverged");
    if (verdict.failed > 0) runs += cat(", ", verdict.failed, " failed");
    if (pairs) {
      table.rows.push_back({verdict_subject(verdict), marked_word(file, verdict), effect_text(file, verdict.effect),
                            effect_text(file, verdict.beyond_sum), marked_sum(file, verdict), runs});
    } else {
      const std::string settings =
          verdict.settings.empty() || verdict.settings == verdict.methods ? "" : join(verdict.settings, ", ");
      table.rows.push_back({verdict_subject(verdict), marked_word(file, verdict), effect_text(file, verdict.effect),
                            ratio_text(verdict.seconds), ratio_text(verdict.flops),
                            verdict.detectable ? signed_text(file, *verdict.detectable).substr(1) + unit_of(file) : "-",
                            runs, settings});
    }
  }
  return table;
}

std::string caution_text(const VerdictFile& file) {
  int64_t tested = 0, kept = 0;
  for (const MethodVerdict& verdict : file.verdicts) {
    if (!verdict.adjusted_p) continue;
    ++tested;
    if (stays(file, verdict)) ++kept;
  }
  if (tested < 2) return "";
  return cat("Effects are differences of means with ", significant(100 * file.confidence, 3),
             "% intervals, each for itself: of ", tested, " about ",
             significant(static_cast<double>(tested) * file.level(), 2), " lie off 0 by chance",
             file.max_seeds > 0 ? ", over both looks" : "", ". ", kept,
             " of those that help or hurt stay when all are taken together (Holm; marked *).");
}

std::string verdicts_text(const VerdictFile& file) {
  std::string text =
      cat(file.workload, ": ", file.recipe, ", ", file.budget, " a run, ", seeds_text(file), "; baseline ");
  if (file.baseline_mean) {
    text += in_points(file) ? fixed(100 * *file.baseline_mean, 2) + "%" : significant(*file.baseline_mean, 5);
    if (file.baseline_sd)
      text += " ± " + (in_points(file) ? fixed(100 * *file.baseline_sd, 2) : significant(*file.baseline_sd, 3));
  } else {
    text += "without a result";
  }
  text += "\n\n" + terminal_table(verdicts_table(file, false));
  const Table pairs = verdicts_table(file, true);
  if (!pairs.rows.empty()) text += "\n" + terminal_table(pairs);
  const std::string caution = caution_text(file);
  if (!caution.empty()) text += "\n" + caution + "\n";
  if (!file.not_applicable.empty()) {
    text += "\nnot compared:\n";
    for (const evaluate::MethodLeftAside& aside : file.not_applicable)
      text += cat("  ", aside.method, ": ", aside.reason, "\n");
  }
  return text;
}

}  // namespace hasten::report
