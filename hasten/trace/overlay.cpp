// The overlay trace: the source's text up to the end of its events, our events, and the rest.
#include "hasten/trace/overlay.h"

#include <zlib.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>

#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/trace/source.h"

namespace hasten::trace {
namespace {

// Nanoseconds as the microseconds that a trace holds: "12.345".
std::string microseconds(int64_t ns) {
  bool negative = ns < 0;
  uint64_t size = negative ? 0 - static_cast<uint64_t>(ns) : static_cast<uint64_t>(ns);
  std::string fraction = std::to_string(size % 1000);
  return (negative ? "-" : "") + std::to_string(size / 1000) + "." + std::string(3 - fraction.size(), '0') + fraction;
}

class Out {
 public:
  Out(const std::filesystem::path& path) : path_(path), part_(path.string() + ".part") {
    file_ = gzopen(part_.c_str(), path.extension() == ".gz" ? "wb1" : "wbT");
    if (file_ == nullptr) fail();
  }
  ~Out() {
    if (file_ != nullptr) gzclose(file_);
    std::remove(part_.c_str());
  }
  Out(const Out&) = delete;
  Out& operator=(const Out&) = delete;

  void write(std::string_view text) {
    while (!text.empty()) {
      auto count = static_cast<unsigned>(std::min<size_t>(text.size(), 1u << 30));
      if (gzwrite(file_, text.data(), count) != static_cast<int>(count)) fail();
      text.remove_prefix(count);
    }
  }
  void finish() {
    int code = gzclose(file_);
    file_ = nullptr;
    if (code != Z_OK || std::rename(part_.c_str(), path_.c_str()) != 0) fail();
  }

 private:
  [[noreturn]] void fail() {
    throw DataError(path_.string(), "", std::string("cannot be written: ") + std::strerror(errno));
  }

  std::filesystem::path path_;
  std::string part_;
  gzFile file_ = nullptr;
};

// Our events, one after the other into the file: there can be as many as in the trace, too many to hold.
class Added {
 public:
  Added(Out& out, bool first) : out_(out), first_(first) {}

  void write(const View& view, const CriticalPath& path, const Partition& partition) {
    name("process_name", 0, "hasten");
    name("thread_name", kPathLine, "critical path");
    for (size_t d = 0; d == 0 || d < partition.devices.size(); ++d)
      name("thread_name", kIdleLine + static_cast<int64_t>(d), idle_label(view, partition, d));
    for (size_t k = 0; k < path.segments.size(); ++k) {
      const PathSegment& segment = path.segments[k];
      std::string_view event = segment.place < 0 ? std::string_view() : view.name(static_cast<size_t>(segment.place));
      span(path_kind_name(segment.kind), kPathLine, segment.begin, path.end_of(k) - segment.begin, event);
    }
    for (size_t d = 0, k = 0; d < partition.devices.size(); ++d) {
      for (; k < partition.gaps_end(d); ++k) {
        const Gap& gap = partition.gaps[k];
        Interval when = partition.gap(view, k);
        std::string_view event = gap.next == Gap::kNothing ? std::string_view() : view.name(gap.next);
        span(part_title(gap.cause), kIdleLine + static_cast<int64_t>(d), when.begin, when.end - when.begin, event);
      }
    }
    bool several = on_several_devices(view);
    std::map<StreamId, std::string> names;
    queue_lengths(view, 1, [&](const StreamId& id, const QueuePoint& point) {
      std::string& counter = names[id];
      if (counter.empty()) counter = quoted("queue of " + stream_name(view, id, several));
      add(cat("{\"ph\": \"C\", \"name\": ", counter, ", \"pid\": ", kProcess, ", \"ts\": ", microseconds(point.ts),
              ", \"args\": {\"length\": ", point.length, "}}"));
    });
    out_.write(text_);
  }

 private:
  // A process of our own, with a number that no process has: viewers do not all take names there.
  static constexpr int64_t kProcess = 2'000'000'000, kPathLine = kProcess + 1, kIdleLine = kProcess + 2;

  void add(std::string_view event) {
    text_ += first_ ? "\n" : ",\n";
    first_ = false;
    text_ += event;
    if (text_.size() < size_t{1} << 20) return;
    out_.write(text_);
    text_.clear();
  }

  static std::string quoted(std::string_view text) { return Json(std::string(text)).dump(); }

  void name(const char* what, int64_t line, std::string_view text) {
    add(cat("{\"ph\": \"M\", \"name\": \"", what, "\", \"pid\": ", kProcess, ", \"tid\": ", line,
            ", \"ts\": 0, \"args\": {\"name\": ", quoted(text), "}}"));
  }

  void span(std::string_view name, int64_t line, int64_t ts, int64_t dur, std::string_view event) {
    std::string args = event.empty() ? "{}" : cat("{\"event\": ", quoted(event), "}");
    add(cat("{\"ph\": \"X\", \"cat\": \"hasten\", \"name\": ", quoted(name), ", \"pid\": ", kProcess, ", \"tid\": ",
            line, ", \"ts\": ", microseconds(ts), ", \"dur\": ", microseconds(dur), ", \"args\": ", args, "}"));
  }

  Out& out_;
  bool first_;
  std::string text_;
};

// Finds the end of traceEvents in a text that the reader has accepted, across blocks.
class EventsEnd {
 public:
  // Offset in `text` of the ']' that ends the events; npos: not in this block.
  size_t find(std::string_view text) {
    for (size_t i = 0; i < text.size(); ++i) {
      char c = text[i];
      if (in_string_) {
        if (escaped_) {
          escaped_ = false;
        } else if (c == '\\') {
          escaped_ = true;
        } else if (c == '"') {
          in_string_ = false;
          last_string_ = current_;
        } else {
          if (depth_ == 1 && current_.size() < 32) current_ += c;
        }
        continue;
      }
      if (c == ' ' || c == '\n' || c == '\r' || c == '\t') continue;
      char before = last_;
      last_ = c;
      if (c == '"') {
        in_string_ = true;
        current_.clear();
      } else if (c == '{' || c == '[') {
        bool starts = c == '[' && (depth_ == 0 || (depth_ == 1 && last_string_ == "traceEvents"));
        if (starts && inside_ < 0) inside_ = depth_;
        ++depth_;
      } else if (c == '}' || c == ']') {
        --depth_;
        if (c == ']' && depth_ == inside_) {
          last_ = before;
          return i;
        }
      }
    }
    return std::string_view::npos;
  }
  // Whether the next event needs no comma: the list is empty, or ends with one.
  bool ready() const { return last_ == '[' || last_ == ','; }
  // Whether the text ended between the events of a list that is the whole file: it may stay open by the format's rule.
  bool open() const { return inside_ == 0 && depth_ == 1 && !in_string_; }

 private:
  int depth_ = 0, inside_ = -1;
  bool in_string_ = false, escaped_ = false;
  char last_ = '\0';  // but for blanks, before the end of the events
  std::string current_, last_string_;
};

}  // namespace

void write_overlay(const View& view, const CriticalPath& path, const Partition& partition,
                   const std::filesystem::path& out_path) {
  std::error_code error;
  if (std::filesystem::equivalent(view.trace->path, out_path, error)) {
    throw ConfigError("--overlay", "a file of its own", "the trace itself");
  }
  ByteSource source(view.trace->path);
  Out out(out_path);
  EventsEnd events;
  bool done = false;
  for (std::string_view block = source.next(); !block.empty(); block = source.next()) {
    size_t at = done ? std::string_view::npos : events.find(block);
    if (at == std::string_view::npos) {
      out.write(block);
      continue;
    }
    done = true;
    out.write(block.substr(0, at));
    Added(out, events.ready()).write(view, path, partition);
    out.write(block.substr(at));
  }
  if (!done && events.open()) {
    done = true;
    Added(out, events.ready()).write(view, path, partition);
    out.write("\n]\n");
  }
  if (!done) throw DataError(view.trace->path.string(), "", "the events have no end: an overlay needs a whole file");
  out.finish();
}

}  // namespace hasten::trace
