// The HTML page of a trace: words and tables escaped here, the timeline drawn by a small script from JSON.
#include "hasten/report/trace_page.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <unordered_map>

#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/report/assets.h"
#include "hasten/report/trace_text.h"

namespace hasten::report {
namespace {

using namespace trace;

std::string e(std::string_view text) { return html_escape(std::string(text)); }

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
  std::vector<std::array<int64_t, 4>> spans;
};

// Walks the spans twice: first to know which are too short for the page, then to take the others.
class Timeline {
 public:
  explicit Timeline(const Analysis& analysis, size_t most) : alone_(analysis.ranks.size() == 1), most_(most) {
    if (!analysis.ranks.empty()) ns_per_tick_ = analysis.ranks[0].view.ns(1);
    begin_ = INT64_MAX;
    for (const RankAnalysis& rank : analysis.ranks) {
      for (int64_t ts : rank.view.ts) begin_ = std::min(begin_, ts);
    }
    for (const RankAnalysis& rank : analysis.ranks) walk(rank);
    counting_ = false;
    limit();
    keep_equal_ = static_cast<size_t>(std::count(durations_.begin(), durations_.end(), shortest_));
    equal_ = keep_equal_ + equal_left_out_;
    durations_ = {};
    lines_.clear();
    for (const RankAnalysis& rank : analysis.ranks) walk(rank);
    std::erase_if(lines_, [](const Line& line) { return line.spans.empty(); });
  }

  // JSON as text, since the spans as a tree of values would take more memory than the trace.
  void append_json(std::string& text) const {
    text += cat("{\"end\":", end_, ",\"kinds\":", escaped(kKinds), ",\"names\":", escaped(names_), ",\"lines\":[");
    for (const Line& line : lines_) {
      text += cat(&line == lines_.data() ? "" : ",", "{\"label\":", escaped(line.label), ",\"spans\":[");
      for (const auto& span : line.spans) {
        text += &span == line.spans.data() ? "[" : ",[";
        for (int64_t value : span) {
          text += std::to_string(value);
          text += ',';
        }
        text.back() = ']';
      }
      text += "]}";
    }
    text += "]}";
  }
  size_t left_out() const { return left_out_; }

 private:
  // Nothing in it can end the script that holds it.
  static std::string escaped(const Json& value) {
    std::string out;
    for (char c : value.dump(-1, ' ', false, Json::error_handler_t::replace)) {
      if (c == '<') {
        out += "\\u003c";
      } else {
        out += c;
      }
    }
    return out;
  }

  int64_t name_of(std::string_view name) {
    auto [entry, fresh] = ids_.try_emplace(std::string(name), static_cast<int64_t>(names_.size()));
    if (fresh) names_.push_back(std::string(name.substr(0, 300)));
    return entry->second;
  }

  template <class Name>
  void add(Line& line, int64_t begin, int64_t dur, PathKind kind, Name name) {
    begin = ns(begin - begin_);
    dur = ns(dur);
    end_ = std::max(end_, begin + dur);
    if (counting_) {
      count(dur);
    } else if (kept(dur)) {
      line.spans.push_back({begin, dur, name_of(name()), static_cast<int64_t>(kind)});
    } else {
      ++left_out_;
    }
  }

  // Keeps the longest `most_` durations (there can be as many spans as events), and how many more are as long as the
  // shortest of these.
  void count(int64_t dur) {
    if (dur < shortest_) return;
    durations_.push_back(dur);
    if (durations_.size() >= 2 * most_ + 1024) limit();
  }

  // Of spans that are just as long as the shortest ones on the page, some stay: spread over time.
  bool kept(int64_t dur) {
    if (dur != shortest_) return dur > shortest_;
    share_ += keep_equal_;
    if (share_ < equal_) return false;
    share_ -= equal_;
    return true;
  }

  void limit() {
    if (durations_.size() <= most_) return;
    auto cut = durations_.end() - static_cast<std::ptrdiff_t>(most_);
    std::nth_element(durations_.begin(), cut, durations_.end());
    int64_t before = shortest_;
    shortest_ = *cut;
    auto as_short = static_cast<size_t>(std::count(durations_.begin(), cut, shortest_));
    equal_left_out_ = (shortest_ == before ? equal_left_out_ : 0) + as_short;
    durations_.erase(durations_.begin(), cut);
  }

  void walk(const RankAnalysis& rank) {
    const View& view = rank.view;
    std::string prefix = alone_ ? "" : cat("rank ", rank.rank, " ");
    if (rank.path) {
      Line line{prefix + "critical path", {}};
      for (size_t k = 0; k < rank.path->segments.size(); ++k) {
        const PathSegment& s = rank.path->segments[k];
        add(line, s.begin, rank.path->end_of(k) - s.begin, s.kind, [&] { return path_label(view, s); });
      }
      lines_.push_back(std::move(line));
    }
    if (rank.partition) {
      const Partition& partition = *rank.partition;
      for (size_t d = 0, k = 0; d == 0 || d < partition.devices.size(); ++d) {
        Line line{prefix + idle_label(view, partition, d), {}};
        for (; k < partition.gaps_end(d); ++k) {
          Interval when = partition.gap(view, k);
          Part cause = partition.gaps[k].cause;
          add(line, when.begin, when.end - when.begin, kind_of(cause), [&] { return part_title(cause); });
        }
        lines_.push_back(std::move(line));
      }
    }
    walk_events(view, prefix);
  }

  void walk_events(const View& view, const std::string& prefix) {
    bool several = on_several_devices(view);
    std::map<std::pair<StreamId, std::string_view>, Line> lines;  // threads: by their names, with the steps behind
    HostNesting nesting = nest_host_events(view);
    for (size_t i = 0; i < view.size(); ++i) {
      Category kind = view.kind(i);
      bool work = view.device[i] != 0;
      bool shown = kind != Category::kSync && kind != Category::kMarker && kind != Category::kPython;
      bool top = work || (shown && nesting.parent[i] < 0);
      bool inside = !work && nesting.parent[i] >= 0 && kind == Category::kCpuOp &&
                    view.kind(static_cast<size_t>(nesting.parent[i])) == Category::kUserAnnotation;
      if (!top && !inside) continue;
      bool steps = kind == Category::kUserAnnotation;
      std::string_view thread = view.trace->strings.view(view.trace->lanes[view.lane(i)].tid);
      auto [entry, fresh] = work ? lines.try_emplace({stream_of(view, i), ""})
                                 : lines.try_emplace({StreamId{INT64_MIN, steps ? 0 : 1}, thread});
      if (fresh) {
        entry->second.label = prefix + (work ? stream_name(view, entry->first.first, several)
                                             : cat("thread ", thread, steps ? " steps" : ""));
      }
      add(entry->second, view.ts[i], view.dur[i], work ? kind_of(view.type[i]) : PathKind::kHost,
          [&] { return view.name(i); });
    }
    for (auto& [id, line] : lines) lines_.push_back(std::move(line));
  }

  static std::string path_label(const View& view, const PathSegment& segment) {
    std::string_view kind = kKinds[static_cast<size_t>(segment.kind)];
    return segment.place < 0 ? std::string(kind) : cat(kind, ": ", view.name(static_cast<size_t>(segment.place)));
  }

  int64_t ns(int64_t ticks) const { return std::llround(static_cast<double>(ticks) * ns_per_tick_); }

  bool alone_, counting_ = true;
  size_t most_;
  double ns_per_tick_ = 1;
  std::vector<int64_t> durations_;
  int64_t shortest_ = -1;
  size_t equal_left_out_ = 0, equal_ = 0, keep_equal_ = 0, share_ = 0, left_out_ = 0;
  int64_t begin_ = 0, end_ = 1;
  std::vector<std::string> names_;
  std::unordered_map<std::string, int64_t> ids_;
  std::vector<Line> lines_;
};

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
    if (!rank.annotations.empty()) html += "<div class=\"card\">" + html_table(annotation_table(rank, 30)) + "</div>";
  }
  if (!options.command.empty())
    html += "<h2>How to reproduce</h2><div class=\"card\"><pre>" + e(options.command) + "</pre></div>";
  html += "</main><script id=\"spans\" type=\"application/json\">";
  timeline.append_json(html);
  html += cat("</script><script>", assets::timeline_js(), "</script></body></html>\n");
  return html;
}

}  // namespace hasten::report
