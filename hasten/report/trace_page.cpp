// The HTML page of a trace: words and tables escaped here, the timeline drawn by a small script from JSON.
#include "hasten/report/trace_page.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <unordered_map>

#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/report/assets.h"
#include "hasten/report/trace_text.h"

namespace hasten::report {
namespace {

using namespace trace;

std::string e(std::string_view text) { return html_escape(std::string(text)); }

std::string html_table(const Table& table) {
  std::string html = "<div class=\"scroll\"><table><thead><tr>";
  for (size_t c = 0; c < table.head.size(); ++c)
    html += cat("<th", c < table.text_columns ? " class=\"text\"" : "", ">", e(table.head[c]), "</th>");
  html += "</tr></thead><tbody>";
  for (const auto& row : table.rows) {
    html += "<tr>";
    for (size_t c = 0; c < row.size(); ++c)
      html += cat("<td", c < table.text_columns ? " class=\"text\"" : "", ">", e(row[c]), "</td>");
    html += "</tr>";
  }
  return html + "</tbody></table></div>";
}

// What colours and the legend say; the numbers are those of PathKind.
constexpr const char* kKinds[] = {
    "host",          "synchronisation", "waiting for data",  "launch or dependency",    "computation",
    "communication", "copies",          "other device work", "gap between device work", "unexplained"};
static_assert(std::size(kKinds) == kPathKindCount);

PathKind kind_of(Part cause) {
  switch (cause) {
    case Part::kIdleHostLate: return PathKind::kHost;
    case Part::kIdleSync: return PathKind::kSynchronize;
    case Part::kIdleData: return PathKind::kData;
    case Part::kIdleDependency: return PathKind::kLaunch;
    default: return PathKind::kUnexplained;
  }
}

PathKind kind_of(KernelType type) {
  switch (type) {
    case KernelType::kComputation: return PathKind::kCompute;
    case KernelType::kCommunication: return PathKind::kCommunication;
    case KernelType::kMemory: return PathKind::kCopy;
    case KernelType::kOther: break;
  }
  return PathKind::kOtherDevice;
}

// One line of the timeline: spans as [start, duration, name, kind], times in ns from the page's start.
struct Line {
  std::string label;
  StreamId order;  // threads, then devices and their streams by number
  std::vector<std::array<int64_t, 4>> spans;
};

class Timeline {
 public:
  explicit Timeline(const Analysis& analysis, size_t most) : most_(most), alone_(analysis.ranks.size() == 1) {
    begin_ = INT64_MAX;
    for (const RankAnalysis& rank : analysis.ranks) {
      for (int64_t ts : rank.view.ts) begin_ = std::min(begin_, ts);
    }
    for (const RankAnalysis& rank : analysis.ranks) add_rank(rank);
    limit();
  }

  Json json() const {
    Json lines = Json::array();
    for (const Line& line : lines_) lines.push_back({{"label", line.label}, {"spans", line.spans}});
    return {{"kinds", kKinds}, {"names", names_}, {"lines", lines}, {"end", end_}};
  }
  size_t left_out() const { return left_out_; }

 private:
  int64_t name_of(std::string_view name) {
    auto [entry, fresh] = ids_.try_emplace(std::string(name), static_cast<int64_t>(names_.size()));
    if (fresh) names_.push_back(std::string(name.substr(0, 300)));
    return entry->second;
  }

  void add(Line& line, int64_t begin, int64_t dur, std::string_view name, PathKind kind) {
    line.spans.push_back({begin - begin_, dur, name_of(name), static_cast<int64_t>(kind)});
    end_ = std::max(end_, begin - begin_ + dur);
  }

  void add_rank(const RankAnalysis& rank) {
    const View& view = rank.view;
    std::string prefix = alone_ ? "" : cat("rank ", rank.rank, " ");
    if (rank.path) {
      Line line{prefix + "critical path", {}, {}};
      for (const PathSegment& s : rank.path->segments) add(line, s.begin, s.end - s.begin, path_label(view, s), s.kind);
      lines_.push_back(std::move(line));
    }
    if (rank.partition) {
      Line line{prefix + "device idle", {}, {}};
      for (const Gap& gap : rank.partition->gaps)
        add(line, gap.when.begin, gap.when.end - gap.when.begin, part_title(gap.cause), kind_of(gap.cause));
      if (!line.spans.empty()) lines_.push_back(std::move(line));
    }
    std::unordered_map<std::string, Line> by_label;
    std::set<int64_t> devices;
    for (uint32_t i : view.device_rows()) devices.insert(stream_of(view, i).device);
    HostNesting nesting = nest_host_events(view);
    for (size_t i = 0; i < view.size(); ++i) {
      Category kind = view.kind(i);
      bool top = view.device[i] != 0 || (kind != Category::kSync && kind != Category::kPython && nesting.parent[i] < 0);
      bool inside = view.device[i] == 0 && nesting.parent[i] >= 0 && kind == Category::kCpuOp &&
                    view.kind(static_cast<size_t>(nesting.parent[i])) == Category::kUserAnnotation;
      if (!top && !inside) continue;
      std::string label =
          prefix + (view.device[i] != 0
                        ? cat(devices.size() > 1 ? cat("device ", stream_of(view, i).device, " ") : "", "stream ",
                              view.stream(i))
                        : cat("thread ", view.trace->strings.view(view.trace->lanes[view.lane(i)].tid)));
      if (kind == Category::kUserAnnotation) label += " steps";
      auto [entry, fresh] = by_label.try_emplace(label);
      if (fresh) entry->second = {label, view.device[i] != 0 ? stream_of(view, i) : StreamId{INT64_MIN, 0}, {}};
      add(entry->second, view.ts[i], view.dur[i], view.name(i),
          view.device[i] != 0 ? kind_of(view.type[i]) : PathKind::kHost);
    }
    std::vector<Line> found;
    for (auto& [label, line] : by_label) found.push_back(std::move(line));
    std::sort(found.begin(), found.end(),
              [](const Line& a, const Line& b) { return a.order != b.order ? a.order < b.order : a.label < b.label; });
    std::move(found.begin(), found.end(), std::back_inserter(lines_));
  }

  // Too many for a page: the shortest spans go, and the page says how many.
  void limit() {
    std::vector<int64_t> durations;
    for (const Line& line : lines_) {
      for (const auto& span : line.spans) durations.push_back(span[1]);
    }
    if (durations.size() <= most_) return;
    auto cut = durations.end() - static_cast<std::ptrdiff_t>(most_);
    std::nth_element(durations.begin(), cut, durations.end());
    int64_t shortest = *cut;
    for (Line& line : lines_) {
      left_out_ += std::erase_if(line.spans, [&](const auto& span) { return span[1] <= shortest; });
    }
  }

  static std::string path_label(const View& view, const PathSegment& segment) {
    std::string_view kind = kKinds[static_cast<size_t>(segment.kind)];
    return segment.place < 0 ? std::string(kind) : cat(kind, ": ", view.name(static_cast<size_t>(segment.place)));
  }

  size_t most_, left_out_ = 0;
  bool alone_;
  int64_t begin_ = 0, end_ = 1;
  std::vector<std::string> names_;
  std::unordered_map<std::string, int64_t> ids_;
  std::vector<Line> lines_;
};

std::string inside_script(const std::string& text) {
  std::string out;
  for (char c : text) out += c == '<' ? std::string("\\u003c") : std::string(1, c);
  return out;
}

std::string verdict_card(const diagnose::TraceVerdict& verdict, const std::vector<std::string>& methods) {
  std::string html = cat("<div class=\"card verdict ", verdict.decided ? "hurts" : "open",
                         "\"><div><div class=\"word\">", e(verdict_line(verdict)), "</div><ul>");
  for (const std::string& line : verdict.evidence) html += "<li>" + e(line) + "</li>";
  html += "</ul>";
  for (const std::string& line : verdict.advice) html += "<p>Try: " + e(line) + "</p>";
  if (!methods.empty()) html += "<p>Methods that relieve it: " + e(join(methods, ", ")) + "</p>";
  return html + "</div></div>";
}

}  // namespace

std::string trace_page(const Analysis& analysis, const diagnose::TraceVerdict& verdict,
                       const std::vector<std::string>& methods, const TracePageOptions& options) {
  std::string html =
      cat("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
          "content=\"width=device-width\"><title>",
          e(options.title), "</title><style>", assets::page_css(), assets::timeline_css(),
          "</style></head><body><main><header><div><h1>", e(options.title), "</h1><div class=\"soft\">",
          analysis.ranks.size(), analysis.ranks.size() == 1 ? " rank" : " ranks", ", semantics ",
          semantics_name(analysis.options.view.semantics), "</div></div></header>");
  bool parts = analysis.options.view.semantics != Semantics::kHta;
  if (parts) html += verdict_card(verdict, methods);
  if (parts)
    html += "<h2>Where the time went</h2><div class=\"card\">" + html_table(partition_table(analysis)) + "</div>";
  Timeline timeline(analysis, options.most_spans);
  html +=
      "<h2>Timeline</h2><div class=\"card\"><p class=\"soft small\">Wheel or + and -: zoom. Drag or arrows: move. "
      "Double click or 0: all.";
  if (timeline.left_out() > 0)
    html += cat(" ", timeline.left_out(), " of the shortest spans are not drawn; the tables count them.");
  html +=
      "</p><div id=\"legend\" class=\"small\"></div><div id=\"timeline\"><canvas tabindex=\"0\" role=\"img\" "
      "aria-label=\"timeline\"></canvas><div id=\"hover\" "
      "class=\"small\"></div></div></div>";
  if (analysis.ranks.size() > 1)
    html +=
        "<h2>Collectives</h2><div class=\"card\">" + html_table(collective_table(analysis.collectives, 30)) + "</div>";
  for (const RankAnalysis& rank : analysis.ranks) {
    html += cat("<h2>Rank ", rank.rank, "</h2><div class=\"card\"><p class=\"soft small\">",
                e(rank.trace->path.string()), "</p>");
    for (const std::string& note : notes_on(rank)) html += "<p class=\"small\">" + e(note) + "</p>";
    html += html_table(path_table(rank)) + "</div><div class=\"card\">" + html_table(kernel_table(rank, 30)) +
            "</div><div class=\"card\">" + html_table(operator_table(rank, 30)) + "</div>";
  }
  if (!options.command.empty())
    html += "<h2>How to reproduce</h2><div class=\"card\"><pre>" + e(options.command) + "</pre></div>";
  std::string data = timeline.json().dump(-1, ' ', false, Json::error_handler_t::replace);
  return cat(html, "</main><script id=\"spans\" type=\"application/json\">", inside_script(data), "</script><script>",
             assets::timeline_js(), "</script></body></html>\n");
}

}  // namespace hasten::report
