// The HTML report. Words and tables are written here, escaped; the charts are drawn by assets/page.js from JSON.
#include "hasten/report/comparison_html.h"

#include <algorithm>
#include <cstddef>
#include <set>

#include "hasten/base/clock.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/evaluate/lint.h"
#include "hasten/report/assets.h"
#include "hasten/report/comparison_text.h"
#include "hasten/report/wording.h"

namespace hasten::report {
namespace {

using namespace evaluate;

std::string e(std::string_view text) { return html_escape(std::string(text)); }

// JSON and CSV inside a script element: "</script>" and "<!--" must not appear.
std::string inside_script(std::string text) {
  std::string out;
  for (char c : text) out += c == '<' ? std::string("\\u003c") : std::string(1, c);
  return out;
}

std::string verdict_card(const Comparison& comparison, const Pair& pair) {
  std::string head = headline(comparison, pair);
  std::string number = pair.time_to_target ? fixed(pair.time_to_target->value, 2) + "×" : "–";
  std::string css = pair.verdict == Verdict::kHelps ? "helps" : pair.verdict == Verdict::kHurts ? "hurts" : "open";
  if (comparison.pairs.size() > 3) css += " many";
  std::string html = cat("<div class=\"card verdict ", css, "\"><div class=\"big\">", number,
                         "</div><div><div class=\"word\">", e(head), "</div>");
  if (head.find(pair.reason) == std::string::npos) html += "<div class=\"soft\">" + e(pair.reason) + "</div>";
  html += "<ul>";
  for (const std::string& line : details(comparison, pair)) html += "<li>" + e(line) + "</li>";
  return html + "</ul></div></div>";
}

std::string figure(const char* kind, size_t page, const std::string& title, bool log_button) {
  std::string button = log_button ? "<button type=\"button\" aria-pressed=\"false\">log axis</button>" : "";
  return cat("<div class=\"card\"><figure data-kind=\"", kind, "\" data-page=\"", page, "\"><figcaption><h3>", e(title),
             "</h3>", button, "</figcaption><div class=\"plot\"><canvas role=\"img\" aria-label=\"", e(title),
             "\"></canvas></div></figure></div>");
}

std::string charts(const Comparison& comparison, size_t page) {
  std::string cost(label(comparison.cost)), metric = metric_name(comparison.metric);
  std::string html = "<div class=\"charts\">";
  bool series = std::any_of(comparison.runs.begin(), comparison.runs.end(),
                            [&](const Run& run) { return readings(run, comparison.metric).size() > 1; });
  if (series) html += figure("learning", page, metric + " against " + cost + ", within runs", true);
  html += figure("tradeoff", page, "final " + metric + " against " + cost, true);
  bool speedups = std::any_of(comparison.pairs.begin(), comparison.pairs.end(), [](const Pair& pair) {
    return std::count_if(pair.speedups.begin(), pair.speedups.end(),
                         [](const SpeedupPoint& at) { return at.speedup.has_value(); }) > 1;
  });
  if (speedups) html += figure("speedup", page, "speedup against the target", false);
  bool gains = std::any_of(comparison.pairs.begin(), comparison.pairs.end(), [](const Pair& pair) {
    return std::count_if(pair.gains.begin(), pair.gains.end(),
                         [](const GainPoint& at) { return at.gain.has_value(); }) > 1;
  });
  if (gains) html += figure("gain", page, "gain in " + metric + " at equal cost", true);
  return html + "</div>";
}

std::string finding(std::string_view tag_class, std::string_view tag, const std::string& head,
                    const std::string& body) {
  return cat("<div class=\"finding\"><span class=\"tag ", tag_class, "\">", e(tag), "</span><div><p><b>", e(head),
             "</b></p>", body, "</div></div>");
}

std::string lint_section(const std::vector<LintResult>& lints) {
  std::string html = "<div class=\"card\">";
  auto fired = fired_lints(lints);
  if (fired.empty()) html += "<p class=\"soft\">No check fired.</p>";
  for (const LintResult* lint : fired) {
    Severity worst = Severity::kInfo;
    std::string body;
    for (const Hit& hit : lint->hits) {
      worst = std::max(worst, hit.severity);
      body += "<p>" + e((hit.where.empty() ? "" : hit.where + ": ") + hit.message) + "</p>";
    }
    body += cat("<p class=\"soft small\">", e(lint->explanation), "</p>");
    html += finding(name(worst), name(worst), cat(lint->id, " ", lint->name), body);
  }
  std::string clean, unknown;
  LintCounts counts = count_lints(lints);
  for (const LintResult& lint : lints) {
    std::string head = cat(lint.id, " ", lint.name);
    if (lint.outcome == Outcome::kClean)
      clean += finding("clean", "clean", head, "<p class=\"soft small\">" + e(lint.explanation) + "</p>");
    if (!lint.missing.empty())
      unknown += finding("info", "missing", head, "<p>" + e(join(lint.missing, ", ")) + "</p>");
  }
  if (!unknown.empty())
    html += cat("<details><summary>", counts.not_checkable,
                " checks could not be made, because fields are missing</summary>", unknown, "</details>");
  if (!clean.empty())
    html += cat("<details><summary>", counts.clean, " checks are clean</summary>", clean, "</details>");
  return html + "</div>";
}

// The table of groups. A column that nobody has anything in becomes a line below it.
std::string summary(const Comparison& comparison) {
  Table table = summary_table(comparison);
  std::vector<std::string> empty;
  for (size_t c = table.head.size(); c-- > 0;) {
    bool known =
        std::any_of(table.rows.begin(), table.rows.end(), [&](const auto& row) { return row[c] != "unavailable"; });
    if (known || table.rows.empty()) continue;
    empty.insert(empty.begin(), table.head[c]);
    table.head.erase(table.head.begin() + static_cast<std::ptrdiff_t>(c));
    for (auto& row : table.rows) row.erase(row.begin() + static_cast<std::ptrdiff_t>(c));
  }
  std::string html = html_table(table);
  if (!empty.empty()) html += "<p class=\"soft small\">unavailable: " + e(join(empty, ", ")) + "</p>";
  return html;
}

// Time to target in all variants, and what is said of all groups.
std::string times_section(const Comparison& comparison) {
  std::string html, lines;
  Table times = times_table(comparison);
  if (!times.rows.empty()) html += html_table(times);
  for (const auto& some :
       {missing_times(comparison), frontier_lines(comparison), cyclic_lines(comparison), search_lines(comparison)}) {
    for (const std::string& line : some) lines += "<li>" + e(line) + "</li>";
  }
  if (!lines.empty()) html += "<ul class=\"soft small\">" + lines + "</ul>";
  return html.empty() ? "" : "<h2>Time to target</h2><div class=\"card\">" + html + "</div>";
}

// What the runs ran on: a value that all share is said once, others are listed.
Table environment_table(const Comparison& comparison) {
  using Get = std::string (*)(const RunRecord&);
  const std::vector<std::pair<const char*, Get>> fields{
      {"accelerator",
       [](const RunRecord& r) {
         return r.hardware.accelerator +
                (r.hardware.accelerator_count ? cat(" × ", *r.hardware.accelerator_count) : "");
       }},
      {"processor", [](const RunRecord& r) { return r.hardware.cpu; }},
      {"cores / threads",
       [](const RunRecord& r) {
         return r.hardware.cores ? cat(*r.hardware.cores, r.hardware.threads ? cat(" / ", *r.hardware.threads) : "")
                                 : "";
       }},
      {"framework", [](const RunRecord& r) { return r.software.framework + " " + r.software.version; }},
      {"commit",
       [](const RunRecord& r) {
         return r.software.commit + (r.software.uncommitted_changes.value_or(false) ? " with uncommitted changes" : "");
       }},
      {"build", [](const RunRecord& r) { return r.software.build_flags; }},
      {"system", [](const RunRecord& r) { return r.software.system; }},
      {"driver", [](const RunRecord& r) { return r.software.driver; }},
      {"libraries",
       [](const RunRecord& r) {
         std::vector<std::string> parts;
         for (const auto& [library, version] : r.software.libraries) parts.push_back(library + " " + version);
         return join(parts, ", ");
       }},
      {"data",
       [](const RunRecord& r) {
         std::vector<std::string> parts;
         for (const Dataset& data : r.data)
           parts.push_back(
               cat(data.id, "/", data.split, " (", data.use, data.hash.empty() ? "" : ", " + data.hash, ")"));
         return join(parts, ", ");
       }},
      {"source", [](const RunRecord& r) { return r.source; }}};
  Table table{{"", "value"}, {}, 2};
  for (const auto& [label, get] : fields) {
    std::set<std::string> values;
    for (const Run& run : comparison.runs) {
      std::string value(trim(get(run.record)));
      if (!value.empty()) values.insert(value);
    }
    if (values.empty()) continue;
    std::vector<std::string> shown(values.begin(), values.end());
    size_t more = shown.size() > 6 ? shown.size() - 6 : 0;
    if (more > 0) shown.resize(6);
    table.rows.push_back({label, join(shown, "; ") + (more > 0 ? cat("; and ", more, " more") : "")});
  }
  return table;
}

// "12 runs": as many workloads, runs and days as there are.
std::string subtitle(const Comparison& comparison) {
  std::string text = metric_name(comparison.metric);
  if (comparison.target)
    text += " to " + target_text(comparison) + (comparison.target_from_baseline ? " (the baseline's own)" : "");
  text += cat(", ", comparison.runs.size(), " runs in ", comparison.groups.size(), " groups");
  std::set<std::string> days;
  for (const Run& run : comparison.runs) {
    if (run.record.started_at.size() >= 10) days.insert(run.record.started_at.substr(0, 10));
  }
  if (!days.empty()) text += ", " + (days.size() == 1 ? *days.begin() : *days.begin() + " to " + *days.rbegin());
  return text;
}

std::string workload_section(const Comparison& comparison, size_t page, bool with_title) {
  std::string html;
  if (with_title) html += cat("<h2>", e(comparison.workload.empty() ? "Comparison" : comparison.workload), "</h2>");
  html += "<p class=\"soft\">" + e(subtitle(comparison)) + "</p>";
  for (const Pair& pair : comparison.pairs) html += verdict_card(comparison, pair);
  html += charts(comparison, page);
  html += "<div class=\"card\">" + summary(comparison) + "</div>";
  html += times_section(comparison);
  html += "<h2>What this comparison cannot conclude</h2>" + lint_section(comparison.lints);
  for (const Pair& pair : comparison.pairs) {
    if (!pair.cyclic_speedups.empty())
      html += "<h2>Speedup of " + e(comparison.groups[pair.method].name) +
              " by target, cyclic against cyclic</h2><div class=\"card\">" +
              html_table(speedup_table(comparison, pair.cyclic_speedups)) + "</div>";
    if (pair.speedups.size() < 2) continue;
    html += "<h2>Speedup of " + e(comparison.groups[pair.method].name) + " by target</h2><div class=\"card\">" +
            html_table(speedup_table(comparison, pair.speedups)) + "</div>";
    Table gains = gain_table(comparison, pair);
    if (!gains.rows.empty())
      html += "<h2>Gain of " + e(comparison.groups[pair.method].name) + " by cost</h2><div class=\"card\">" +
              html_table(gains) + "</div>";
  }
  html += "<h2>Runs</h2><div class=\"card\">" + html_table(runs_table(comparison), 1) + "</div>";
  html += "<h2>Environment</h2><div class=\"card\">" + html_table(environment_table(comparison), 2) + "</div>";
  return html;
}

}  // namespace

std::string comparison_html(std::span<const Comparison> comparisons, const HtmlOptions& options) {
  std::string title = options.title;
  if (title.empty())
    title = comparisons.size() == 1 && !comparisons[0].workload.empty() ? comparisons[0].workload : "Comparison";
  Json data = Json::array();
  std::string body;
  for (size_t i = 0; i < comparisons.size(); ++i) {
    data.push_back(comparison_json(comparisons[i]));
    body += workload_section(comparisons[i], i, comparisons.size() > 1);
  }
  if (comparisons.size() > 1)
    body = "<div class=\"charts\">" + figure("profile", 0, "performance profile over workloads", false) + "</div>" +
           "<h2>What all workloads together cannot conclude</h2>" + lint_section(run_board_lints(comparisons)) + body;
  std::string html =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width, initial-scale=1\">";
  // No request can leave the page, whatever the runs are called.
  html +=
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
      "script-src 'unsafe-inline'; img-src data: blob:\">";
  html +=
      cat("<title>", e(title), "</title><style>", assets::page_css(), "</style></head><body><main><header><div><h1>",
          e(title), "</h1></div>", "<button type=\"button\" data-save=\"csv\" data-name=\"runs.csv\">CSV</button>",
          "<button type=\"button\" data-save=\"data\" data-name=\"comparison.json\">JSON</button>",
          "<button type=\"button\" id=\"theme\">light / dark</button></header>", body);
  if (!options.command.empty()) html += "<h2>How to reproduce</h2><pre>" + e(options.command) + "</pre>";
  html += "<footer>Made by hasten, " + e(utc_now()) +
          ". Speedups are ratios of mean costs at equal quality; nothing outside the measured range is shown. Charts: "
          "Chart.js (MIT).</footer></main>";
  html += "<script type=\"application/json\" id=\"data\">" +
          inside_script(data.dump(-1, ' ', false, Json::error_handler_t::replace)) + "</script>";
  // CSV is read back with textContent, where an escaped "<" would stay escaped: a textarea escapes like other markup.
  html += "<textarea id=\"csv\" hidden>" + e(comparison_csv(comparisons)) + "</textarea>";
  html += cat("<script>", assets::chart_js(), "</script><script>", assets::page_js(), "</script></body></html>\n");
  return html;
}

}  // namespace hasten::report
