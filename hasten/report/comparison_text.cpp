// Comparison as text and Markdown.
#include "hasten/report/comparison_text.h"

#include "hasten/base/text.h"
#include "hasten/report/wording.h"

namespace hasten::report {
namespace {

using namespace evaluate;

std::string painted(const std::string& text, const char* code, bool color) {
  return color ? "\033[" + std::string(code) + "m" + text + "\033[0m" : text;
}

std::string severity_word(Severity severity, bool color) {
  constexpr const char* kColors[] = {"36", "33", "1;31"};
  std::string word(name(severity));
  return painted(word, kColors[static_cast<size_t>(severity)], color) + std::string(7 - word.size(), ' ');
}

std::string title_of(const Comparison& comparison) {
  std::string text = comparison.workload.empty() ? "" : comparison.workload + ": ";
  text += metric_name(comparison.metric);
  if (comparison.target) text += ", target " + target_text(comparison);
  if (comparison.target_from_baseline) text += " (the baseline's own: nobody declared one)";
  return text;
}

bool has_curve(const Pair& pair) { return pair.speedups.size() > 1; }

// What is said of all groups below their tables.
std::vector<std::string> group_lines(const Comparison& comparison) {
  std::vector<std::string> lines = missing_times(comparison);
  for (const auto& more : {frontier_lines(comparison), cyclic_lines(comparison), search_lines(comparison)})
    lines.insert(lines.end(), more.begin(), more.end());
  return lines;
}

std::string hit_text(const LintResult& lint, const Hit& hit) {
  return printable(cat(lint.id, " ", lint.name, ": ", hit.where.empty() ? "" : hit.where + ": ", hit.message));
}

std::string lints_markdown(const std::vector<LintResult>& lints) {
  std::string text;
  for (const LintResult* lint : fired_lints(lints)) {
    for (const Hit& hit : lint->hits) text += cat("- ", name(hit.severity), " ", hit_text(*lint, hit), "\n");
  }
  LintCounts counts = count_lints(lints);
  return text + cat("- ", counts.clean, " checks clean, ", counts.not_checkable, " not checkable\n");
}

}  // namespace

std::string lints_text(const std::vector<LintResult>& lints, const TextOptions& options) {
  std::string text;
  for (const LintResult* lint : fired_lints(lints)) {
    for (const Hit& hit : lint->hits) {
      text += cat("  ", severity_word(hit.severity, options.color), "  ", hit_text(*lint, hit), "\n");
    }
  }
  LintCounts counts = count_lints(lints);
  text += cat("  ", counts.fired, " fired, ", counts.clean, " clean, ", counts.not_checkable, " not checkable");
  if (!options.all_lints) {
    text += counts.not_checkable > 0 ? " (--all says which fields are missing)\n" : "\n";
    return text;
  }
  text += "\n";
  for (const LintResult& lint : lints) {
    if (lint.outcome == Outcome::kClean) text += cat("  clean    ", lint.id, " ", lint.name, "\n");
    if (!lint.missing.empty()) {
      text += cat(lint.outcome == Outcome::kFired ? "  in part  " : "  unknown  ", lint.id, " ", lint.name,
                  ": missing ", printable(join(lint.missing, ", ")), "\n");
    }
  }
  return text;
}

std::string comparison_text(const Comparison& comparison, const TextOptions& options) {
  std::string text = painted(printable(title_of(comparison)), "1", options.color) + "\n\n";
  text += terminal_table(summary_table(comparison), "  ") + "\n";
  Table times = times_table(comparison);
  if (!times.rows.empty()) text += terminal_table(times, "  ");
  for (const std::string& line : group_lines(comparison)) text += "  " + printable(line) + "\n";
  text += "\n";
  for (const Pair& pair : comparison.pairs) {
    std::string head = printable(headline(comparison, pair));
    text += painted(head, pair.verdict == Verdict::kHelps ? "1;32" : "1", options.color) + "\n";
    for (const std::string& line : details(comparison, pair)) text += "  " + printable(line) + "\n";
    if (has_curve(pair)) text += "\n" + terminal_table(speedup_table(comparison, pair.speedups), "  ");
    if (!pair.cyclic_speedups.empty())
      text += "\n  cyclic against cyclic\n" + terminal_table(speedup_table(comparison, pair.cyclic_speedups), "  ");
    Table gains = gain_table(comparison, pair);
    if (!gains.rows.empty()) text += "\n" + terminal_table(gains, "  ");
    text += "\n";
  }
  text += "What this comparison cannot conclude:\n" + lints_text(comparison.lints, options);
  return text;
}

std::string comparison_markdown(const Comparison& comparison) {
  std::string text = "# " + printable(title_of(comparison)) + "\n\n";
  for (const Pair& pair : comparison.pairs) {
    text += "**" + printable(headline(comparison, pair)) + "**\n\n";
    for (const std::string& line : details(comparison, pair)) text += "- " + printable(line) + "\n";
    text += "\n";
  }
  text += markdown_table(summary_table(comparison)) + "\n";
  Table times = times_table(comparison);
  if (!times.rows.empty()) text += markdown_table(times) + "\n";
  for (const std::string& line : group_lines(comparison)) text += "- " + printable(line) + "\n";
  text += "\n";
  for (const Pair& pair : comparison.pairs) {
    std::string method = printable(comparison.groups[pair.method].name);
    if (has_curve(pair))
      text += "## Speedup of " + method + " by target\n\n" + markdown_table(speedup_table(comparison, pair.speedups)) +
              "\n";
    if (!pair.cyclic_speedups.empty())
      text += "## Speedup of " + method + " by target, cyclic against cyclic\n\n" +
              markdown_table(speedup_table(comparison, pair.cyclic_speedups)) + "\n";
    Table gains = gain_table(comparison, pair);
    if (!gains.rows.empty()) text += "## Gain of " + method + " by cost\n\n" + markdown_table(gains) + "\n";
  }
  text += "## What this comparison cannot conclude\n\n" + lints_markdown(comparison.lints) + "\n## Runs\n\n";
  return text + markdown_table(runs_table(comparison));
}

std::string board_markdown(const std::vector<LintResult>& lints) {
  return "\n# Over all workloads\n\n" + lints_markdown(lints);
}

std::string comparison_csv(std::span<const Comparison> comparisons) {
  auto quoted = [](const std::string& cell) {
    if (cell.find_first_of(",\"\n\r") == std::string::npos) return cell;
    std::string out = "\"";
    for (char c : cell) out += c == '"' ? std::string("\"\"") : std::string(1, c);
    return out + "\"";
  };
  std::string text = "run,group,budget,seed,quality";
  for (Cost cost : all_costs()) text += "," + std::string(name(cost));
  text += ",status,workload\n";
  for (const Comparison& comparison : comparisons) {
    for (const Group& group : comparison.groups) {
      for (size_t i : group.runs) {
        const Run& run = comparison.runs[i];
        auto reached = quality(run, comparison.metric);
        text += cat(quoted(run.record.id), ",", quoted(group.name), ",", quoted(budget_name(run.record)), ",",
                    run.record.seed ? std::to_string(*run.record.seed) : "", ",", reached ? number(*reached) : "");
        for (Cost cost : all_costs()) {
          auto value = run_cost(run, cost);
          text += "," + (value ? number(*value) : "");
        }
        text += cat(",", name(run.record.status), ",", quoted(comparison.workload), "\n");
      }
    }
  }
  return text;
}

}  // namespace hasten::report
