// One event of a trace into the columns: what is kept, mended, counted or left out.
#include "hasten/trace/parser_event.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <limits>

#include "hasten/base/text.h"
#include "hasten/trace/times.h"

namespace hasten::trace {
namespace {

constexpr int64_t kLongest = int64_t{1} << 50;  // ns of an event, 13 days: what sums of durations can bear

}  // namespace

// A scalar without quotes: ids and numbers are sometimes written as strings.
std::string_view TraceParser::plain(size_t token) const {
  std::string_view text = tokens_.scalar(token);
  if (text.size() >= 2 && text.front() == '"') text = text.substr(1, text.size() - 2);
  return text;
}

uint32_t TraceParser::interned(size_t token) {
  std::string_view raw = plain(token);
  if (std::find(raw.begin(), raw.end(), '\\') == raw.end()) return trace_.strings.intern(raw);
  uint32_t known = escaped_.intern(raw);
  if (known >= escaped_ids_.size()) escaped_ids_.resize(known + 1, StringTable::kAbsent);
  if (escaped_ids_[known] == StringTable::kAbsent) {
    int64_t bad = 0;
    escaped_ids_[known] = trace_.strings.intern(unescape(raw, bad));
    if (bad > 0) repair(Repair::kBadEscape, token);
  }
  return escaped_ids_[known];
}

// A string's content, or the JSON of anything else.
uint32_t TraceParser::text_of(size_t token) {
  char c = tokens_[token];
  if (c != '{' && c != '[') return interned(token);
  size_t begin = tokens_.offset(token), end = tokens_.offset(tokens_.skip(token) - 1) + 1;
  return trace_.strings.intern({buffer_ + begin, end - begin});
}

bool TraceParser::read_time(size_t token, int64_t& ns) {
  constexpr int64_t kLimit = int64_t{1} << 62;  // 146 years: sums of two stay in range
  ParsedTime time = parse_microseconds(plain(token));
  if (time.status == TimeText::kBad || time.ns > kLimit || time.ns < -kLimit) return false;
  if (tokens_[token] == '"') repair(Repair::kTextNumber, token);
  if (time.status == TimeText::kRounded) repair(Repair::kRoundedTime, token);
  trace_.fractional = trace_.fractional || time.fractional;
  ns = time.ns;
  return true;
}

bool TraceParser::read_integer(size_t token, int64_t& value) {
  std::string_view text = plain(token);
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size()) return true;
  uint64_t large = 0;  // addresses, and "none" written as 2^64-1
  auto [end2, error2] = std::from_chars(text.data(), text.data() + text.size(), large);
  if (error2 == std::errc() && end2 == text.data() + text.size()) {
    value = static_cast<int64_t>(large);
    return true;
  }
  double real = 0;
  if (!read_real(token, real) || !(std::abs(real) < 9e18) || real != static_cast<double>(static_cast<int64_t>(real)))
    return false;
  value = static_cast<int64_t>(real);
  return true;
}

bool TraceParser::read_real(size_t token, double& value) {
  std::string_view text = plain(token);
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

uint32_t TraceParser::lane_of(const Event& event) {
  std::string_view pid = event.pid == Event::kMissing ? std::string_view() : plain(event.pid);
  std::string_view tid = event.tid == Event::kMissing ? std::string_view() : plain(event.tid);
  if (have_lane_ && pid == last_pid_ && tid == last_tid_) return last_lane_;
  uint32_t pid_text = event.pid == Event::kMissing ? 0 : interned(event.pid);
  uint32_t tid_text = event.tid == Event::kMissing ? 0 : interned(event.tid);
  uint64_t key = (uint64_t{pid_text} << 32) | tid_text;
  auto [entry, fresh] = lane_ids_.try_emplace(key, static_cast<uint32_t>(trace_.lanes.size()));
  if (fresh) trace_.lanes.push_back({pid_text, tid_text, 0, 0});
  last_pid_.assign(pid);
  last_tid_.assign(tid);
  last_lane_ = entry->second;
  have_lane_ = true;
  return last_lane_;
}

uint16_t TraceParser::category_id(uint32_t text) {
  auto found = category_ids_.find(text);
  if (found != category_ids_.end()) return found->second;
  constexpr size_t kMost = std::numeric_limits<uint16_t>::max();
  if (trace_.category_names.size() >= kMost)
    text = trace_.category_names.back();  // a hostile file: lump the rest together
  auto id = static_cast<uint16_t>(std::min(trace_.category_names.size(), kMost - 1));
  if (trace_.category_names.size() < kMost) {
    trace_.category_names.push_back(text);
    trace_.category_kinds.push_back(category_of(trace_.strings.view(text)));
  }
  category_ids_.emplace(text, id);
  return id;
}

void TraceParser::accept(const Event& event) {
  std::string_view phase = event.phase == Event::kMissing ? std::string_view() : plain(event.phase);
  char ph = phase.size() == 1 ? phase[0] : '?';
  if (event.ts == Event::kMissing) trace_.missing_times = true;
  if (ph == 'M') return name_lane(event);
  if (ph == 's' || ph == 'f' || ph == 't') {
    ++trace_.flows;
    return;
  }
  if (ph == 'C') return repair(Repair::kCounter, event.token);
  constexpr std::string_view kMarks = "iIRnbeNODPpcv";  // instants, async and object events, memory dumps, marks
  bool interval = ph == 'X' || ph == 'B' || ph == 'E';
  if (!interval && kMarks.find(ph) == std::string_view::npos) return repair(Repair::kUnknownPhase, event.token);
  if (event.ts == Event::kMissing) return repair(Repair::kNoTime, event.token);
  int64_t ts = 0, dur = 0;
  if (!read_time(event.ts, ts)) return repair(Repair::kBadTime, event.token);
  if (!interval) {
    ++trace_.instants;
    return add_memory(event, ts);
  }
  if (ph != 'X') return begin_or_end(event, ts);
  if (event.dur == Event::kMissing) return repair(Repair::kNoDuration, event.token);
  int64_t end = 0;
  if (!read_time(event.dur, dur) || std::abs(dur) > kLongest || __builtin_add_overflow(ts, dur, &end))
    return repair(Repair::kBadTime, event.token);
  if (dur < 0) repair(Repair::kNegativeDuration, event.token);
  add_complete(event, ts, dur);
}

void TraceParser::add_complete(const Event& event, int64_t ts, int64_t dur) {
  auto row = static_cast<uint32_t>(trace_.size());
  if (event.name == Event::kMissing) repair(Repair::kNoName, event.token);
  if (event.cat == Event::kMissing) repair(Repair::kNoCategory, event.token);
  trace_.ts_ns.push_back(ts);
  trace_.dur_ns.push_back(dur);
  trace_.name.push_back(event.name == Event::kMissing ? 0 : interned(event.name));
  trace_.category.push_back(category_id(event.cat == Event::kMissing ? 0 : interned(event.cat)));
  trace_.lane.push_back(lane_of(event));
  trace_.index.push_back(static_cast<uint32_t>(trace_.events));
  trace_.stream.push_back(-1);
  trace_.correlation.push_back(-1);
  add_arguments(event, row);
}

void TraceParser::add_arguments(const Event& event, uint32_t row) {
  for (size_t i = 0; i < event.arg_count; ++i) {
    auto [arg, token] = event.args[i];
    int64_t integer = 0;
    double real = 0;
    switch (arg_kind(arg)) {
      case ArgKind::kInteger:
        if (!read_integer(token, integer)) {
          std::string_view text = plain(token);
          if (text != "null" && !text.empty()) repair(Repair::kBadNumber, token);
          break;
        }
        if (arg == Arg::kStream) {
          trace_.stream[row] = integer;  // 4294967295 is CUDA's "no stream": kept as written
        } else if (arg == Arg::kCorrelation) {
          trace_.correlation[row] = integer < 0 ? -1 : integer;
        } else {
          trace_.args.add(arg, row, integer);
        }
        break;
      case ArgKind::kReal:
        if (read_real(token, real)) trace_.args.add(arg, row, std::bit_cast<int64_t>(real));
        break;
      case ArgKind::kText: trace_.args.add(arg, row, text_of(token)); break;
    }
  }
  // Hardware counters are arguments whose names only the profiler's user knows.
  if (trace_.category_kinds[trace_.category[row]] == Category::kProfilerRange && event.args_begin != Event::kMissing) {
    trace_.args.add(Arg::kAll, row, text_of(event.args_begin));
  }
}

void TraceParser::add_memory(const Event& event, int64_t ts) {
  if (event.name == Event::kMissing || plain(event.name) != "[memory]") return;
  MemoryEvent memory;
  memory.ts_ns = ts;
  for (size_t i = 0; i < event.arg_count; ++i) {
    auto [arg, token] = event.args[i];
    int64_t value = 0;
    if (arg_kind(arg) != ArgKind::kInteger) continue;
    if (!read_integer(token, value)) {
      repair(Repair::kBadNumber, token);
      continue;
    }
    if (arg == Arg::kAddress) memory.address = value;
    if (arg == Arg::kMemoryBytes) memory.bytes = value;
    if (arg == Arg::kTotalAllocated) memory.allocated = value;
    if (arg == Arg::kTotalReserved) memory.reserved = value;
    if (arg == Arg::kDeviceType) memory.device_type = static_cast<int32_t>(value);
    if (arg == Arg::kDeviceId) memory.device_id = static_cast<int32_t>(value);
  }
  trace_.memory.push_back(memory);
}

// A "B" waits for its "E" on the same lane; together they are one complete event.
void TraceParser::begin_or_end(const Event& event, int64_t ts) {
  auto& open = open_[lane_of(event)];
  if (plain(event.phase) == "B") {
    open.push_back(static_cast<uint32_t>(trace_.size()));
    add_complete(event, ts, kOpen);
    return;
  }
  if (open.empty()) return repair(Repair::kUnpairedBegin, event.token);
  uint32_t row = open.back();
  open.pop_back();
  int64_t dur = 0;
  if (__builtin_sub_overflow(ts, trace_.ts_ns[row], &dur) || std::abs(dur) > kLongest) {
    repair(Repair::kBadTime, event.token);
    trace_.dur_ns[row] = kOpen;  // taken out at the end, like one that never ended
    ++bad_pairs_;
    return;
  }
  trace_.dur_ns[row] = dur;
  if (dur < 0) repair(Repair::kNegativeDuration, event.token);
  trace_.paired.push_back(row);
  repair(Repair::kPairedBegin, event.token);
}

void TraceParser::name_lane(const Event& event) {
  if (event.name == Event::kMissing || event.label == Event::kMissing || event.pid == Event::kMissing) return;
  std::string_view what = plain(event.name);
  if (what == "process_name") {
    uint32_t pid = interned(event.pid), name = interned(event.label);
    process_names_[pid] = name;
  } else if (what == "thread_name" && event.tid != Event::kMissing) {
    uint32_t name = interned(event.label);
    trace_.lanes[lane_of(event)].thread_name = name;
  }
}

}  // namespace hasten::trace
