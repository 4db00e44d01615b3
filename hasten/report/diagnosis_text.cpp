// A diagnosis for a terminal: verdict first, then the picture, what was measured, what to do.
#include <algorithm>
#include <cmath>

#include "hasten/base/text.h"
#include "hasten/report/diagnosis_report.h"
#include "hasten/report/diagnosis_wording.h"

namespace hasten::report {
namespace {

using diagnose::Diagnosis;
using diagnose::Examination;

constexpr size_t kBarWidth = 60;

std::string bullet_lines(const std::string& title, const std::vector<std::string>& lines) {
  if (lines.empty()) return "";
  std::string text = title.empty() ? "" : wrapped_line(title, "", "  ");
  for (const std::string& line : lines) text += wrapped_line(line, "  ", "    ");
  return text;
}

std::string verdict_part(const Examination& found) {
  const Diagnosis& diagnosis = found.diagnosis;
  std::string text = wrapped_line(diagnosis_line(diagnosis), "", "  ");
  if (diagnosis.findings.empty()) return text;
  const diagnose::Finding& first = diagnosis.primary();
  if (!diagnosis.decided)
    text += wrapped_line(
        cat("the likeliest, with confidence ", percent_text(diagnosis.confidence), ": ", finding_line(first)), "  ",
        "    ");
  else if (!first.evidence.empty()) text += wrapped_line("evidence: " + first.evidence, "  ", "    ");
  text += wrapped_line(cat(diagnose::name_of(first.what), " means: ", diagnose::info(first.what).means), "  ", "    ");
  for (const std::string& warning : diagnosis.warnings) text += wrapped_line("warning: " + warning, "  ", "    ");
  for (const std::string& note : found.notes) text += wrapped_line("note: " + note, "  ", "    ");
  return text;
}

// "[decode=====]" of so many characters, or "[decode#####]" of what binds.
std::string bar_text(const Stage& stage, size_t width) {
  if (width == 0) return "";
  if (width == 1) return stage.binds ? "#" : "|";
  std::string inside = stage.name.substr(0, width - 2);
  return "[" + inside + std::string(width - 2 - inside.size(), stage.binds ? '#' : '=') + "]";
}

std::string pipeline_part(const Examination& found) {
  const Diagnosis& diagnosis = found.diagnosis;
  const double scale_s = pipeline_scale_s(diagnosis);
  const auto at = [&](double seconds) {
    return static_cast<size_t>(std::lround(seconds / scale_s * static_cast<double>(kBarWidth)));
  };
  const auto line = [&](const std::string& mark, const std::string& bar, const std::string& words) {
    return cat("  ", mark, std::string(4 - mark.size(), ' '), bar, std::string(kBarWidth + 2 - bar.size(), ' '), words,
               "\n");
  };
  std::string text = "\n" + wrapped_line(step_line(found), "", "  ");
  text += line("T0", bar_text({}, at(diagnosis.model.full_s())), milliseconds(diagnosis.model.full_s()));
  for (const PipelineRow& row : pipeline_rows(diagnosis)) {
    std::string bar(at(row.begin_s), ' ');
    std::vector<std::string> words;
    double end_s = row.begin_s;
    for (const Stage& stage : row.stages) {
      end_s += stage.seconds;
      bar += bar_text(stage, at(end_s) - bar.size());
      words.push_back(stage.name + " " + milliseconds(stage.seconds) + (stage.binds ? " (binds)" : ""));
    }
    text +=
        line(row.longest ? "->" : "", bar,
             row.stages.empty() ? "not measured" : milliseconds(row.seconds) + (row.longest ? ", the longest" : ""));
    const bool marked = std::any_of(row.stages.begin(), row.stages.end(), [](const Stage& one) { return one.binds; });
    if (words.size() > 1 || marked) text += wrapped_line(join(words, ", "), "      ", "      ");
  }
  for (const std::string& note : pipeline_notes(diagnosis)) text += wrapped_line(note, "  ", "  ");
  return text;
}

std::string measured_part(const Examination& found) {
  const Diagnosis& diagnosis = found.diagnosis;
  std::vector<std::string> others;
  for (size_t i = 1; i < diagnosis.findings.size(); ++i) others.push_back(finding_line(diagnosis.findings[i]));
  std::string text;
  if (!others.empty()) text += "\n" + bullet_lines("also found", others);
  const std::vector<std::string> felt = sensitivity_lines(diagnosis);
  if (!felt.empty())
    text += "\n" + bullet_lines("how much of a delay is felt (1: all of it, 0: it hides), 95% interval", felt);
  text += "\nexperiments\n" + terminal_table(experiments_table(found), "  ");
  const std::vector<std::string> left_out = left_out_lines(found.measurements);
  if (!left_out.empty()) text += bullet_lines("left out", left_out);
  text += "\nconditions\n";
  for (const auto& row : conditions_table(found).rows)
    text += wrapped_line(row[1], "  " + row[0] + std::string(15 - row[0].size(), ' '), std::string(17, ' '));
  return text;
}

std::string advice_part(const Examination& found) {
  const diagnose::Advice& advice = found.advice;
  std::string text = "\nwhat helps\n";
  if (advice.remedies.empty()) text += cat("  ", no_remedy_text(found.diagnosis), "\n");
  for (const diagnose::Remedy& remedy : advice.remedies) {
    const std::string flags = join(flags_of(remedy.candidate), " ");
    text += wrapped_line(cat(remedy.candidate.name, ": ", gain_text(remedy), flags.empty() ? "" : "; ", flags), "  ",
                         "    ");
    std::vector<std::string> more;
    for (const std::string& words : {remedy.basis, remedy.candidate.note}) {
      if (!words.empty()) more.push_back(words);
    }
    if (!more.empty()) text += wrapped_line(join(more, "; "), "      ", "      ");
  }
  text += bullet_lines("settings", std::vector<std::string>(advice.settings.begin(), advice.settings.end()));
  text += bullet_lines("will not help here", grouped_lines(advice.not_here));
  text += bullet_lines("would make it worse", grouped_lines(advice.makes_worse));
  text += bullet_lines("may help, not weighed: --try NAME measures", grouped_lines(advice.not_weighed));
  if (!advice.fewer_steps.empty())
    text += bullet_lines("fewer steps, whatever the limit: 'hasten race' measures what these gain",
                         {join(advice.fewer_steps, ", ")});
  return text;
}

std::string realised_part(const Examination& found) {
  if (found.realised.empty()) return "";
  std::string text = "\npredicted and realised\n";
  const Table table = realised_table(found);
  if (!table.rows.empty()) text += terminal_table(table, "  ");
  for (const diagnose::Realised& one : found.realised) {
    if (!one.failed.empty())
      text += wrapped_line(cat(one.remedy.candidate.name, " failed: ", one.failed), "  ", "    ");
  }
  return text;
}

}  // namespace

std::string diagnosis_text(const Examination& found) {
  return verdict_part(found) + pipeline_part(found) + measured_part(found) + advice_part(found) + realised_part(found);
}

}  // namespace hasten::report
