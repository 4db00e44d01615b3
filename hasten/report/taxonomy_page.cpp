// The HTML page of methods and verdicts. All of it is written here, escaped; a script only switches the theme and saves the data.
#include "hasten/report/taxonomy_page.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/report/assets.h"
#include "hasten/report/static_page.h"
#include "hasten/spec/method_views.h"
#include "hasten/stats/moments.h"

namespace hasten::report {
namespace {

using evaluate::MethodVerdict;
using evaluate::Span;
using evaluate::VerdictFile;

std::string legend_html() {
  std::string html = "<p class=\"legend\">";
  for (auto [kind, words] : {std::pair{"helps", "helps"},
                             {"hurts", "hurts"},
                             {"none", "no difference"},
                             {"unresolved", "unresolved"},
                             {"unmeasured", "not measured"}}) {
    html += cat("<span><i class=\"v ", kind, "\"></i>", words, "</span>");
  }
  return html + "</p>";
}

std::string method_html(const MethodSpec& spec, const std::vector<VerdictFile>& files) {
  std::string dots, words;
  for (const VerdictFile& file : files) {
    const MethodVerdict* verdict = file.on(spec.name);
    if (verdict == nullptr) continue;
    const std::string word = verdict_word(*verdict);
    dots += cat("<i class=\"v ", word, "\"></i>");
    words += cat(file.workload, ": ", word, ", ", effect_text(file, verdict->effect), "\n");
  }
  if (dots.empty()) dots = "<i class=\"v unmeasured\"></i>";
  return cat("<span class=\"method\" title=\"", html_escape(spec.summary + "\n" + words), "\"><span class=\"dots\">",
             dots, "</span>", html_escape(spec.name), "</span>");
}

std::string matrix_html(const Catalogue& catalogue, const std::vector<VerdictFile>& files) {
  const auto components = choices(Component{});
  const auto verbs = choices(Verb{});
  std::string html =
      "<div class=\"card\">" + legend_html() + "<div class=\"scroll\"><table class=\"matrix\"><thead><tr><th></th>";
  for (const std::string_view verb : verbs) html += cat("<th>", verb, "</th>");
  html += "</tr></thead><tbody>";
  for (size_t c = 0; c < components.size(); ++c) {
    html += cat("<tr><th>", components[c], "</th>");
    for (size_t v = 0; v < verbs.size(); ++v) {
      const auto methods = methods_in(catalogue, static_cast<Component>(c), static_cast<Verb>(v));
      std::string cell = cat("<td><span class=\"count\">", methods.size(), "</span>");
      for (const MethodSpec* spec : methods) cell += method_html(*spec, files);
      html += methods.empty() ? "<td class=\"gap\"></td>" : cell + "</td>";
    }
    html += "</tr>";
  }
  html += "</tbody></table></div>";
  if (files.size() > 1) {
    std::vector<std::string> names;
    for (const VerdictFile& file : files) names.push_back(file.workload);
    html += cat("<p class=\"soft small\">One mark for each workload that a method was compared on, in this order: ",
                html_escape(join(names, ", ")), "; a method's tip names them. Hatched: no method.</p>");
  }
  return html + "</div>";
}

// About five round numbers in a span.
double tick_step(double span) {
  const double least = span / 6, power = std::pow(10.0, std::floor(std::log10(least)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= least) return factor * power;
  }
  return 10 * power;
}

// From lowest to highest, as far as most effects and ends of their intervals reach: a wild one would press all others into a line.
std::pair<double, double> range_of_most(const std::vector<double>& values, double margin) {
  if (values.empty()) return {-margin, margin};
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  const double quarter = stats::quantile(values, 0.25), rest = stats::quantile(values, 0.75);
  const double reach = std::max(3 * (rest - quarter), 3 * margin);
  return {std::min(-margin, std::max(*least, quarter - reach)), std::max(margin, std::min(*most, rest + reach))};
}

// Effects from best to worst, with their intervals; the margin as a band. What leaves the picture ends in an arrow.
std::string effects_svg(const VerdictFile& file) {
  std::vector<const MethodVerdict*> shown;
  std::vector<double> values;
  for (const MethodVerdict& verdict : file.verdicts) {
    if (verdict.methods.size() > 1) continue;
    shown.push_back(&verdict);
    if (!verdict.effect) continue;
    values.push_back(verdict.effect->value);
    for (const std::optional<double>& end : {verdict.effect->low, verdict.effect->high}) {
      if (end) values.push_back(*end);
    }
  }
  if (shown.empty()) return "";
  const auto [low, high] = range_of_most(values, file.margin);
  const auto place = [](const MethodVerdict* verdict) {  // those without a result come last
    return verdict->effect ? verdict->effect->value : -std::numeric_limits<double>::infinity();
  };
  std::stable_sort(shown.begin(), shown.end(), [&](const auto* a, const auto* b) { return place(a) > place(b); });
  const double slack = std::max(0.05 * (high - low), 1e-12);
  const double left_end = low - slack, right_end = high + slack;
  constexpr double kWidth = 560, kRight = 330, kRow = 21, kTop = 30, kLetter = 6.8;
  size_t longest = 0;
  for (const MethodVerdict* verdict : shown) longest = std::max(longest, verdict_subject(*verdict).size());
  const double left = std::max(210.0, 20 + kLetter * static_cast<double>(longest));
  const double height = kTop + kRow * static_cast<double>(shown.size()) + 10;
  const auto x = [&](double value) {
    return left + kWidth * (std::clamp(value, left_end, right_end) - left_end) / (right_end - left_end);
  };
  const auto at = [](double value) { return fixed(value, 1); };
  std::string svg = cat("<div class=\"plot-scroll\"><svg class=\"effects\" viewBox=\"0 0 ", at(left + kWidth + kRight),
                        " ", at(height), "\" role=\"img\" aria-label=\"effects with intervals\">");
  const double bottom = height - 10;
  svg += cat("<rect class=\"margin\" x=\"", at(x(-file.margin)), "\" y=\"", kTop, "\" width=\"",
             at(x(file.margin) - x(-file.margin)), "\" height=\"", at(bottom - kTop), "\"/>");
  const double step = tick_step(right_end - left_end);
  for (double tick = std::ceil(left_end / step); tick * step <= right_end; ++tick) {
    const double value = tick * step;
    svg += cat("<line class=\"axis\" x1=\"", at(x(value)), "\" x2=\"", at(x(value)), "\" y1=\"", kTop, "\" y2=\"",
               at(bottom), "\"/><text class=\"quiet\" text-anchor=\"middle\" x=\"", at(x(value)), "\" y=\"", kTop - 10,
               "\">", html_escape(effect_text(file, Span{value, {}, {}})), "</text>");
  }
  svg += cat("<line class=\"zero\" x1=\"", at(x(0)), "\" x2=\"", at(x(0)), "\" y1=\"", kTop, "\" y2=\"", at(bottom),
             "\"/>");
  double y = kTop + kRow / 2;
  for (const MethodVerdict* verdict : shown) {
    const std::string word = verdict_word(*verdict);
    svg += cat("<g><title>", html_escape(verdict->reason), "</title><text text-anchor=\"end\" x=\"", at(left - 12),
               "\" y=\"", at(y + 4), "\">", html_escape(verdict_subject(*verdict)), "</text>");
    const std::string words = verdict->effect ? effect_text(file, verdict->effect) : verdict->reason;
    if (verdict->effect) {
      const double value = verdict->effect->value;
      const double from = verdict->effect->low.value_or(value), to = verdict->effect->high.value_or(value);
      if (verdict->effect->low && verdict->effect->high) {
        svg += cat("<line class=\"bar ", word, "\" x1=\"", at(x(from)), "\" x2=\"", at(x(to)), "\" y1=\"", at(y),
                   "\" y2=\"", at(y), "\"/>");
      }
      if (value >= left_end && value <= right_end)
        svg += cat("<circle class=\"", word, "\" r=\"5\" cx=\"", at(x(value)), "\" cy=\"", at(y), "\"/>");
      if (from < left_end) svg += cat("<path class=\"arrow ", word, "\" d=\"M", at(left), " ", at(y), "l9 -5v10z\"/>");
      if (to > right_end)
        svg += cat("<path class=\"arrow ", word, "\" d=\"M", at(left + kWidth), " ", at(y), "l-9 -5v10z\"/>");
    }
    svg += cat("<text class=\"quiet\" x=\"", at(left + kWidth + 14), "\" y=\"", at(y + 4), "\">", html_escape(words),
               "</text></g>");
    y += kRow;
  }
  return svg + "</svg></div>";
}

// Without its unit.
std::string in_cell(const std::string& text) { return text.substr(0, text.find(' ')); }

// What two methods give beyond the sum of both.
std::string pairs_svg(const VerdictFile& file) {
  std::vector<std::string> names;
  double most = 0;
  for (const MethodVerdict& verdict : file.verdicts) {
    if (verdict.methods.size() != 2) continue;
    for (const std::string& name : verdict.methods) {
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
    if (verdict.beyond_sum) most = std::max(most, std::abs(verdict.beyond_sum->value));
  }
  if (names.empty()) return "";
  constexpr double kLeft = 210, kTop = 130, kCell = 64, kHigh = 34;
  const auto count = static_cast<double>(names.size());
  const auto at = [](double value) { return fixed(value, 1); };
  std::string svg =
      cat("<div class=\"plot-scroll\"><svg class=\"heat\" style=\"max-width:", at(kLeft + kCell * count + 80),
          "px\" viewBox=\"0 0 ", at(kLeft + kCell * count + 80), " ", at(kTop + kHigh * count + 8),
          "\" role=\"img\" aria-label=\"effects of pairs beyond the sum\">");
  const auto place = [&](const std::string& name) {
    return static_cast<double>(std::find(names.begin(), names.end(), name) - names.begin());
  };
  for (size_t i = 0; i < names.size(); ++i) {
    const double step = static_cast<double>(i);
    const double x = kLeft + kCell * (step + 0.5), y = kTop + kHigh * (step + 0.5);
    svg += cat("<text text-anchor=\"end\" x=\"", kLeft - 10, "\" y=\"", at(y + 4), "\">", html_escape(names[i]),
               "</text><text transform=\"translate(", at(x + 4), " ", kTop - 8, ") rotate(-38)\">",
               html_escape(names[i]), "</text>");
  }
  for (size_t row = 0; row < names.size(); ++row) {
    for (size_t column = 0; column < names.size(); ++column) {
      if (row != column)
        svg += cat("<rect class=\"cell untried\" x=\"", at(kLeft + kCell * static_cast<double>(column)), "\" y=\"",
                   at(kTop + kHigh * static_cast<double>(row)), "\" width=\"", kCell, "\" height=\"", kHigh, "\"/>");
    }
  }
  bool lost = false;
  for (const MethodVerdict& verdict : file.verdicts) {
    if (verdict.methods.size() != 2) continue;
    const bool known = verdict.beyond_sum.has_value();
    lost = lost || !known;
    const double value = known ? verdict.beyond_sum->value : 0, a = place(verdict.methods[0]),
                 b = place(verdict.methods[1]);
    const double opacity = most > 0 ? 0.08 + 0.6 * std::abs(value) / most : 0.08;
    const std::string words =
        cat(join(verdict.methods, " with "), ": ",
            known ? cat(effect_text(file, verdict.beyond_sum), ", ", verdict.sum ? evaluate::name(*verdict.sum) : "")
                  : verdict.reason);
    const std::string kind =
        known ? cat("cell ", value >= 0 ? "more" : "less", "\" fill-opacity=\"", fixed(opacity, 2)) : "cell lost";
    const std::string text = known ? cat(html_escape(in_cell(effect_text(file, Span{value, {}, {}}))),
                                         verdict.sum == evaluate::Sum::kUnresolved ? " ?" : "")
                                   : "–";
    for (auto [row, column] : {std::pair{a, b}, {b, a}}) {
      const double x = kLeft + kCell * column, y = kTop + kHigh * row;
      svg += cat("<g><title>", html_escape(words), "</title><rect class=\"", kind, "\" x=\"", at(x), "\" y=\"", at(y),
                 "\" width=\"", kCell, "\" height=\"", kHigh, "\"/><text text-anchor=\"middle\" x=\"",
                 at(x + kCell / 2), "\" y=\"", at(y + kHigh / 2 + 4), "\">", text, "</text></g>");
    }
  }
  return cat(svg,
             "</svg></div><p class=\"soft small\">Effect of both less the sum of their effects alone. ?: the interval "
             "holds 0.",
             lost ? " –: tried, but runs are missing to tell." : "", "</p>");
}

std::string workload_html(const VerdictFile& file, const char* what = "") {
  std::string html = cat("<h2>", html_escape(file.workload), what, "</h2><p class=\"soft\">", html_escape(file.recipe),
                         ", ", html_escape(file.budget), " a run, ", seeds_text(file), ", margin ",
                         html_escape(effect_text(file, Span{file.margin, {}, {}})), ", ", html_escape(file.cpu), ", ",
                         html_escape(file.date.substr(0, 10)), ".</p><div class=\"card\">", effects_svg(file),
                         "<p class=\"soft small\">", html_escape(caution_text(file)), "</p></div>");
  const std::string heat = pairs_svg(file);
  if (!heat.empty()) html += "<h3>Pairs</h3><div class=\"card\">" + heat + "</div>";
  html += "<div class=\"card\">" + html_table(verdicts_table(file, false));
  const Table pairs = verdicts_table(file, true);
  if (!pairs.rows.empty()) html += html_table(pairs);
  if (!file.not_applicable.empty()) {
    html += cat("<details><summary>", file.not_applicable.size(), " not compared, and why</summary><ul>");
    for (const evaluate::MethodLeftAside& aside : file.not_applicable)
      html += cat("<li>", html_escape(aside.method), ": ", html_escape(aside.reason), "</li>");
    html += "</ul></details>";
  }
  if (!file.lints.empty()) {
    html += cat("<details><summary>What the checks of this comparison say: ", file.lints.size(), "</summary><ul>");
    for (const evaluate::VerdictLint& lint : file.lints)
      html += cat("<li>", html_escape(cat(lint.id, " ", lint.word, ": ", lint.text)), "</li>");
    html += "</ul></details>";
  }
  return html + "</div>";
}

}  // namespace

bool is_measured(const MethodVerdict& verdict) { return verdict.runs > 0 || verdict.diverged > 0; }

std::string verdict_word(const MethodVerdict& verdict) {
  return is_measured(verdict) ? verdict_word(verdict.verdict) : "unmeasured";
}

std::string taxonomy_page(const Catalogue& catalogue, const std::vector<VerdictFile>& files,
                          const TaxonomyPageOptions& options) {
  StaticPage page;
  page.title = options.title;
  page.css = assets::taxonomy_css();
  page.body = matrix_html(catalogue, files);
  Json data = Json::array();
  for (const VerdictFile& file : files) {
    page.body += workload_html(file);
    data.push_back(evaluate::to_json(file));
  }
  for (const VerdictFile& file : options.pairs) {
    page.body += workload_html(file, ": methods together");
    data.push_back(evaluate::to_json(file));
  }
  page.command = options.command;
  page.json_name = "verdicts.json";
  return static_page(page, data);
}

}  // namespace hasten::report
