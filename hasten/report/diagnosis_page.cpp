// The HTML page of a diagnosis. All of it is written here, escaped; a script only switches the theme and saves the data.
#include <algorithm>

#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/report/assets.h"
#include "hasten/report/diagnosis_report.h"
#include "hasten/report/diagnosis_wording.h"
#include "hasten/report/static_page.h"

namespace hasten::report {
namespace {

using diagnose::Diagnosis;
using diagnose::Examination;

std::string escaped_words(std::string_view text) { return html_escape(one_line(std::string(text))); }

std::string list_html(const std::vector<std::string>& lines) {
  if (lines.empty()) return "";
  std::string html = "<ul class=\"plain\">";
  for (const std::string& line : lines) html += "<li>" + escaped_words(line) + "</li>";
  return html + "</ul>";
}

std::string section_html(const std::string& title, const std::string& body) {
  return cat("<h2>", escaped_words(title), "</h2><div class=\"card\">", body, "</div>");
}

// `bars`: of the rows, as shares of the cell's width; empty for none.
std::string cells_html(const Table& table, const std::vector<double>& bars = {}) {
  std::string html = "<div class=\"scroll\"><table>";
  const auto cell = [&](const char* tag, size_t column, const std::string& text) {
    const char* kind = column >= table.text_columns ? "" : column == 0 ? " class=\"text term\"" : " class=\"text\"";
    html += cat("<", tag, kind, ">", escaped_words(text), "</", tag, ">");
  };
  if (!table.head.empty()) {
    html += "<thead><tr>";
    for (size_t c = 0; c < table.head.size(); ++c) cell("th", c, table.head[c]);
    html += bars.empty() ? "</tr></thead>" : "<th></th></tr></thead>";
  }
  html += "<tbody>";
  for (size_t r = 0; r < table.rows.size(); ++r) {
    html += "<tr>";
    for (size_t c = 0; c < table.rows[r].size(); ++c) cell("td", c, table.rows[r][c]);
    if (!bars.empty()) html += cat("<td class=\"bar\"><i style=\"width:", fixed(100 * bars[r], 1), "%\"></i></td>");
    html += "</tr>";
  }
  return html + "</tbody></table></div>";
}

std::string verdict_html(const Examination& found) {
  const Diagnosis& diagnosis = found.diagnosis;
  const diagnose::Finding& first = diagnosis.primary();
  std::string html = cat("<div class=\"card verdict ", diagnosis.decided ? "hurts" : "open", "\">");
  const bool number = diagnosis.decided && has_numbers(first);
  if (number) html += cat("<div class=\"big\">", percent_text(first.share), "</div>");
  html += cat("<div", number ? "" : " style=\"grid-column:1/-1\"", "><div class=\"word\">",
              escaped_words(diagnosis_line(diagnosis)), "</div><ul>");
  const auto item = [&](const std::string& text, const char* kind = "") {
    html += cat("<li", kind, ">", escaped_words(text), "</li>");
  };
  if (!diagnosis.decided)
    item(cat("the likeliest, with confidence ", percent_text(diagnosis.confidence), ": ", finding_line(first)));
  else if (!first.evidence.empty()) item("evidence: " + first.evidence);
  item(cat(diagnose::name_of(first.what), " means: ", diagnose::info(first.what).means));
  for (const std::string& warning : diagnosis.warnings) item("warning: " + warning, " class=\"warning\"");
  for (const std::string& note : found.notes) item("note: " + note);
  return html + "</ul></div></div>";
}

std::string pipeline_html(const Examination& found) {
  const Diagnosis& diagnosis = found.diagnosis;
  const double scale_s = pipeline_scale_s(diagnosis);
  const auto width = [&](double seconds) { return cat("width:", fixed(100 * seconds / scale_s, 3), "%"); };
  const auto fits = [&](const Stage& stage) {  // about a hundred letters in a lane
    return 100 * stage.seconds > static_cast<double>(stage.name.size() + 1) * scale_s;
  };
  std::string html =
      cat("<p>", escaped_words(step_line(found)), "</p><div class=\"pipeline\"><div class=\"lane\">",
          "<div class=\"step\" style=\"", width(diagnosis.model.full_s()), "\"></div></div><div class=\"time\">",
          milliseconds(diagnosis.model.full_s()), ", the step</div>");
  for (const PipelineRow& row : pipeline_rows(diagnosis)) {
    html += cat("<div class=\"lane", row.longest ? " longest" : "", "\">");
    if (row.begin_s > 0) html += cat("<div class=\"gap\" style=\"flex:none;", width(row.begin_s), "\"></div>");
    std::string words;
    for (const Stage& stage : row.stages) {
      html += cat("<div class=\"stage ", stage.name, stage.binds ? " binds" : "", "\" style=\"", width(stage.seconds),
                  "\" title=\"", stage.name, " ", milliseconds(stage.seconds), "\">", fits(stage) ? stage.name : "",
                  "</div>");
      words += cat("<span><span class=\"dot ", stage.name, "\"></span>", stage.name, " ", milliseconds(stage.seconds),
                   stage.binds ? ", <b>binds</b></span>" : "</span>");
    }
    html += cat("</div><div class=\"time\">", row.stages.empty() ? "not measured" : milliseconds(row.seconds),
                row.longest ? ", <b>the longest</b>" : "", "</div><div class=\"stages small soft\">", words, "</div>");
  }
  html += "</div>";
  for (const std::string& note : pipeline_notes(diagnosis))
    html += "<p class=\"soft small\">" + escaped_words(note) + "</p>";
  return section_html("The pipeline", html);
}

std::string advice_html(const Examination& found) {
  const diagnose::Advice& advice = found.advice;
  std::string html;
  if (advice.remedies.empty()) {
    html = cat("<p>", escaped_words(no_remedy_text(found.diagnosis)), "</p>");
  } else {
    html =
        "<div class=\"scroll\"><table><thead><tr><th class=\"text\">change</th><th class=\"text\">gain</th>"
        "<th class=\"text\">why</th><th class=\"text\">how</th></tr></thead><tbody>";
    for (const diagnose::Remedy& remedy : advice.remedies) {
      const std::string& note = remedy.candidate.note;
      html += cat("<tr><td class=\"text\"><b>", escaped_words(remedy.candidate.name), "</b></td><td class=\"text\">",
                  escaped_words(gain_text(remedy)), "</td><td class=\"text\">", escaped_words(remedy.basis),
                  note.empty() ? "" : cat("<div class=\"soft small\">", escaped_words(note), "</div>"),
                  "</td><td class=\"text\">");
      for (const std::string& flag : flags_of(remedy.candidate)) html += "<code>" + escaped_words(flag) + "</code>";
      html += "</td></tr>";
    }
    html += "</tbody></table></div>";
  }
  html = section_html("What helps", html);
  const auto more = [&](const char* title, const std::vector<std::string>& lines) {
    if (!lines.empty()) html += cat("<div class=\"card\"><h3>", title, "</h3>", list_html(lines), "</div>");
  };
  more("Settings", std::vector<std::string>(advice.settings.begin(), advice.settings.end()));
  more("Will not help here", grouped_lines(advice.not_here));
  more("Would make it worse", grouped_lines(advice.makes_worse));
  more("May help, not weighed: --try NAME measures", grouped_lines(advice.not_weighed));
  if (!advice.fewer_steps.empty())
    more("Fewer steps, whatever the limit: 'hasten race' measures what these gain", {join(advice.fewer_steps, ", ")});
  return html;
}

// What was predicted across, what came of it upwards; on the dashed line both are equal.
std::string realised_plot(const std::vector<diagnose::Realised>& realised) {
  constexpr double kSize = 320, kLeft = 44, kTop = 10, kSide = kSize - kLeft - 20;
  double low = 1, high = 1.1;
  for (const diagnose::Realised& one : realised) {
    if (!one.failed.empty() || !one.remedy.predicted) continue;
    for (double gain : {one.remedy.gain, one.gain, one.interval.low, one.interval.high}) {
      low = std::min(low, gain);
      high = std::max(high, gain);
    }
  }
  const double margin = 0.06 * (high - low);
  low -= margin;
  high += margin;
  const auto x = [&](double gain) { return fixed(kLeft + kSide * (gain - low) / (high - low), 1); };
  const auto y = [&](double gain) { return fixed(kTop + kSide * (high - gain) / (high - low), 1); };
  const auto line = [&](const char* kind, double x1, double y1, double x2, double y2) {
    return cat("<line class=\"", kind, "\" x1=\"", x(x1), "\" y1=\"", y(y1), "\" x2=\"", x(x2), "\" y2=\"", y(y2),
               "\"/>");
  };
  std::string svg =
      cat("<svg viewBox=\"0 0 ", kSize, " ", kSize, "\" role=\"img\" aria-label=\"predicted and realised gains\">");
  for (int tick = 0; tick <= 4; ++tick) {
    const double at = low + margin + tick * (high - low - 2 * margin) / 4;
    svg += line("axis", at, low, at, high) + line("axis", low, at, high, at);
    svg += cat("<text class=\"words\" text-anchor=\"middle\" x=\"", x(at), "\" y=\"", kTop + kSide + 16, "\">",
               significant(at, 3), "</text><text class=\"words\" text-anchor=\"end\" x=\"", kLeft - 6, "\" y=\"", y(at),
               "\" dy=\"4\">", significant(at, 3), "</text>");
  }
  svg += line("equal", low, low, high, high);
  svg +=
      cat("<text class=\"words\" text-anchor=\"end\" x=\"", x(high), "\" y=\"", kSize - 8, "\">predicted gain</text>",
          "<text class=\"words\" x=\"", kLeft + 6, "\" y=\"", kTop + 12, "\">realised gain</text>");
  size_t number = 0;
  for (const diagnose::Realised& one : realised) {
    if (!one.failed.empty()) continue;
    ++number;
    if (!one.remedy.predicted) continue;
    const double at = one.remedy.gain;
    svg += cat(line("spread", at, one.interval.low, at, one.interval.high), "<circle class=\"point\" r=\"5\" cx=\"",
               x(at), "\" cy=\"", y(one.gain), "\"><title>", escaped_words(one.remedy.candidate.name),
               "</title></circle><text class=\"label\" x=\"", x(at), "\" y=\"", y(one.gain), "\" dx=\"9\" dy=\"4\">",
               number, "</text>");
  }
  return svg + "</svg>";
}

std::string realised_html(const Examination& found) {
  if (found.realised.empty()) return "";
  Table table = realised_table(found);
  for (size_t r = 0; r < table.rows.size(); ++r) table.rows[r][0] = cat(r + 1, "  ", table.rows[r][0]);
  std::vector<std::string> failed;
  bool plotted = false;
  for (const diagnose::Realised& one : found.realised) {
    if (!one.failed.empty()) failed.push_back(one.remedy.candidate.name + " failed: " + one.failed);
    plotted = plotted || (one.failed.empty() && one.remedy.predicted);
  }
  std::string words = (table.rows.empty() ? "" : cells_html(table)) + list_html(failed);
  if (plotted)
    words = cat("<div class=\"realised\"><div>", realised_plot(found.realised), "</div><div>", words, "</div></div>");
  return section_html("Predicted and realised", words);
}

std::string measured_html(const Examination& found) {
  const Diagnosis& diagnosis = found.diagnosis;
  std::vector<std::string> others;
  for (size_t i = 1; i < diagnosis.findings.size(); ++i) others.push_back(finding_line(diagnosis.findings[i]));
  std::string html;
  if (!others.empty()) html += section_html("Also found", list_html(others));
  const std::vector<std::string> felt = sensitivity_lines(diagnosis);
  if (!felt.empty())
    html +=
        section_html("How much of a delay is felt",
                     "<p class=\"soft small\">1: all of it, 0: it hides. With 95% intervals.</p>" + list_html(felt));
  double longest_s = 0;
  std::vector<double> bars;
  for (size_t i = 0; i < diagnose::kExperiments; ++i) {
    if (const auto seconds = diagnosis.times.at(static_cast<diagnose::Experiment>(i))) bars.push_back(*seconds);
  }
  for (double seconds : bars) longest_s = std::max(longest_s, seconds);
  for (double& seconds : bars) seconds /= longest_s;
  std::string table = cells_html(experiments_table(found), bars);
  const std::vector<std::string> left_out = left_out_lines(found.measurements);
  if (!left_out.empty()) table += "<details><summary>left out, and why</summary>" + list_html(left_out) + "</details>";
  html += section_html("Experiments", table);
  return html + "<h2>Conditions</h2><div class=\"card conditions\">" + cells_html(conditions_table(found)) + "</div>";
}

}  // namespace

std::string diagnosis_page(const Examination& found) {
  StaticPage page;
  page.title = "Diagnosis of " + found.measurements.facts.subject;
  page.css = assets::diagnosis_css();
  page.body =
      verdict_html(found) + pipeline_html(found) + advice_html(found) + realised_html(found) + measured_html(found);
  page.command = found.command;
  page.footer = "The experiments and the rules: 'hasten diagnose --explain'.";
  page.csv = diagnosis_csv(found);
  page.csv_name = "rounds.csv";
  page.json_name = "diagnosis.json";
  return static_page(page, diagnosis_json(found));
}

}  // namespace hasten::report
