// The grammar of a trace: the top level, the events, and what a piece boundary may cut.
#include "hasten/trace/parser.h"

#include <algorithm>
#include <cstring>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/trace/parser_event.h"

namespace hasten::trace {
namespace {

constexpr std::string_view kHint = "a trace is what torch.profiler's export_chrome_trace writes, as .json or .json.gz";

}  // namespace

void TraceParser::fail(size_t offset, const std::string& message) const {
  throw DataError(trace_.path.string(), cat("byte ", offset_ + static_cast<int64_t>(offset)), message,
                  std::string(kHint));
}

void TraceParser::repair(Repair repair, size_t token) {
  trace_.repairs.add(repair, offset_ + static_cast<int64_t>(tokens_.offset(token)));
}

// Makes tokens_ describe the piece, mending it in place where it has to be. False: nothing but blanks.
bool TraceParser::index(char* buffer, size_t length, int64_t offset, bool last) {
  quote_added_ = false;
  size_t extra = 0;
  for (int attempt = 0; attempt < 8; ++attempt) {
    switch (tokens_.index(buffer, length + extra)) {
      case IndexStatus::kOk: return true;
      case IndexStatus::kEmpty: return false;
      case IndexStatus::kBadEncoding: {
        Mended mended = mend_encoding(buffer, length);
        trace_.repairs.add(Repair::kBadEncoding, offset + static_cast<int64_t>(mended.first), mended.count);
        break;
      }
      case IndexStatus::kControlCharacter: {
        Mended mended = mend_control_characters(buffer, length);
        trace_.repairs.add(Repair::kControlCharacter, offset + static_cast<int64_t>(mended.first), mended.count);
        break;
      }
      case IndexStatus::kOpenString: {
        // The piece ends inside a string: close it, so that what stands before it can be read. What contains it is
        // incomplete anyway, since no closing bracket follows.
        size_t slashes = 0;
        while (slashes < length && buffer[length - 1 - slashes] == '\\') ++slashes;
        extra = 0;
        if (slashes % 2 == 1) buffer[length + extra++] = '_';
        buffer[length + extra++] = '"';
        quote_added_ = true;
        break;
      }
    }
  }
  (void)last;
  throw DataError(trace_.path.string(), cat("byte ", offset), "the text cannot be indexed as JSON", std::string(kHint));
}

size_t TraceParser::feed(char* buffer, size_t length, int64_t offset, bool last) {
  buffer_ = buffer;
  offset_ = offset;
  if (!last) length = whole_characters(buffer, length);
  char behind[2] = {buffer[length], buffer[length + 1]};
  size_t used = length;
  if (index(buffer, length, offset, last)) {
    try {
      used = std::min(walk(last), length);
    } catch (const Tokens::Malformed& malformed) {
      fail(malformed.offset, "expected " + malformed.expected);
    }
  }
  std::memcpy(buffer + length, behind, 2);
  return used;
}

// Walks as far as complete entries go; returns the bytes used.
size_t TraceParser::walk(bool last) {
  size_t token = 0;
  while (token < tokens_.count()) {
    size_t next = Tokens::kNone;
    switch (state_) {
      case State::kStart: next = start(token); break;
      case State::kKeyOrEnd:
      case State::kCommaOrEnd: next = top_level_entry(token); break;
      case State::kEventOrEnd:
      case State::kEventCommaOrEnd: next = element(token, last); break;
      case State::kDone: fail(tokens_.offset(token), "text after the end of the trace");
    }
    if (next == Tokens::kNone) return tokens_.offset(token);
    token = next;
  }
  return tokens_.offset(token);
}

size_t TraceParser::start(size_t token) {
  if (tokens_[token] == '{') {
    state_ = State::kKeyOrEnd;
  } else if (tokens_[token] == '[') {
    bare_array_ = saw_events_ = true;
    state_ = State::kEventOrEnd;
  } else {
    fail(tokens_.offset(token), "not a trace: JSON that is neither an object nor a list");
  }
  return token + 1;
}

size_t TraceParser::top_level_entry(size_t token) {
  char c = tokens_[token];
  if (c == '}') {
    state_ = State::kDone;
    return token + 1;
  }
  if (state_ == State::kCommaOrEnd) {
    if (c != ',') fail(tokens_.offset(token), "expected ',' or '}'");
    state_ = State::kKeyOrEnd;
    return token + 1;
  }
  if (c != '"') fail(tokens_.offset(token), "expected a key");
  if (token + 2 >= tokens_.count()) return Tokens::kNone;
  std::string_view key = tokens_.string(token);
  if (tokens_[token + 1] != ':') fail(tokens_.offset(token + 1), "expected ':'");
  if (key == "traceEvents" && tokens_[token + 2] == '[') {
    saw_events_ = true;
    state_ = State::kEventOrEnd;
    return token + 3;
  }
  size_t next = tokens_.skip(token + 2);
  if (next >= tokens_.count()) return Tokens::kNone;  // with nothing behind it, the value may be cut off
  size_t begin = tokens_.offset(token + 2);
  std::string_view value(buffer_ + begin, tokens_.offset(next) - begin);
  Json parsed = Json::parse(value, nullptr, false);
  int64_t bad = 0;
  if (parsed.is_discarded()) {
    repair(Repair::kBadMetadata, token);
  } else {
    trace_.metadata[unescape(key, bad)] = std::move(parsed);
  }
  state_ = State::kCommaOrEnd;
  return next;
}

size_t TraceParser::element(size_t token, bool last) {
  char c = tokens_[token];
  if (c == ']') {
    state_ = bare_array_ ? State::kDone : State::kCommaOrEnd;
    return token + 1;
  }
  if (state_ == State::kEventCommaOrEnd) {
    if (c != ',') fail(tokens_.offset(token), "expected ',' or ']' after an event");
    state_ = State::kEventOrEnd;
    return token + 1;
  }
  size_t next;
  if (c == '{') {
    Event parsed;
    next = event(token, parsed);
    if (next == Tokens::kNone) return next;
    accept(parsed);
  } else {
    next = tokens_.skip(token);
    if (next == Tokens::kNone || (next >= tokens_.count() && (!last || quote_added_))) return Tokens::kNone;
    repair(Repair::kNotAnObject, token);
  }
  ++trace_.events;
  state_ = State::kEventCommaOrEnd;
  return next;
}

// The object at `token`; kNone when it goes on behind the piece.
size_t TraceParser::event(size_t token, Event& event) {
  event.token = token++;
  if (token >= tokens_.count()) return Tokens::kNone;
  if (tokens_[token] == '}') return token + 1;
  while (true) {
    if (token + 2 >= tokens_.count()) return Tokens::kNone;
    if (tokens_[token] != '"') fail(tokens_.offset(token), "expected a key");
    if (tokens_[token + 1] != ':') fail(tokens_.offset(token + 1), "expected ':'");
    token = field(token, event);
    if (token >= tokens_.count()) return Tokens::kNone;  // kNone is the largest of all
    char c = tokens_[token];
    if (c == '}') return token + 1;
    if (c != ',') fail(tokens_.offset(token), "expected ',' or '}'");
    ++token;
  }
}

// One "key": value of an event; returns the token behind it.
size_t TraceParser::field(size_t token, Event& event) {
  std::string_view key = tokens_.string(token);
  size_t value = token + 2;
  if (key == "args" && tokens_[value] == '{') return arguments(value, event);
  size_t next = tokens_.skip(value);
  if (next == Tokens::kNone) return next;
  switch (key.size()) {
    case 2:
      if (key == "ph") event.phase = value;
      if (key == "ts") event.ts = value;
      break;
    case 3:
      if (key == "cat") event.cat = value;
      if (key == "pid") event.pid = value;
      if (key == "tid") event.tid = value;
      if (key == "dur") event.dur = value;
      break;
    case 4:
      if (key == "name") event.name = value;
      if (key == "args" && tokens_.scalar(value) != "null") repair(Repair::kBadArgs, value);
      break;
    default: break;
  }
  return next;
}

size_t TraceParser::arguments(size_t token, Event& event) {
  event.args_begin = token;
  event.arg_count = 0;
  ++token;
  if (token >= tokens_.count()) return Tokens::kNone;
  while (tokens_[token] != '}') {
    if (token + 2 >= tokens_.count()) return Tokens::kNone;
    if (tokens_[token] != '"') fail(tokens_.offset(token), "expected a key");
    if (tokens_[token + 1] != ':') fail(tokens_.offset(token + 1), "expected ':'");
    std::string_view key = tokens_.string(token);
    size_t next = tokens_.skip(token + 2);
    if (next >= tokens_.count()) return Tokens::kNone;
    if (auto arg = find_arg(key)) {
      if (event.arg_count < Event::kMostArgs) event.args[event.arg_count++] = {*arg, token + 2};
    } else if (key == "name") {
      event.label = token + 2;
    }
    token = next;
    if (tokens_[token] == ',') {
      ++token;
      if (token >= tokens_.count()) return Tokens::kNone;
      if (tokens_[token] == '}') fail(tokens_.offset(token), "expected a key");
    } else if (tokens_[token] != '}') {
      fail(tokens_.offset(token), "expected ',' or '}'");
    }
  }
  event.args_end = token + 1;
  return token + 1;
}

void TraceParser::finish(int64_t text_bytes, bool accept_torn) {
  std::string path = trace_.path.string();
  if (text_bytes == 0) throw DataError(path, "", "the file is empty", std::string(kHint));
  if (state_ == State::kStart) throw DataError(path, "byte 0", "nothing but blanks", std::string(kHint));
  // A list without its closing bracket is a whole trace by the format's own rule; nothing is lost.
  bool whole = state_ == State::kDone || (bare_array_ && state_ == State::kEventCommaOrEnd);
  if (!whole && !accept_torn) {
    throw DataError(path, cat("byte ", text_bytes),
                    cat("the text ends inside the trace, after ", trace_.events, " events"),
                    "--accept-torn reads the complete events of a torn file");
  }
  if (!whole) trace_.repairs.add(Repair::kTornEnd, text_bytes);
  if (bare_array_ && trace_.events > 0 && trace_.repairs.count(Repair::kNotAnObject) == trace_.events) {
    throw DataError(path, "", "a JSON list, but not a trace: its elements are not events", std::string(kHint));
  }
  if (!saw_events_) throw DataError(path, "", "JSON, but not a trace: no traceEvents", std::string(kHint));
  for (Lane& lane : trace_.lanes) {
    auto name = process_names_.find(lane.pid);
    if (name != process_names_.end()) lane.process_name = name->second;
  }
  drop_open(text_bytes);
  trace_.text_bytes = text_bytes;
}

// Takes out the "B" events whose "E" never came.
void TraceParser::drop_open(int64_t text_bytes) {
  int64_t open = 0;
  for (const auto& [lane, rows] : open_) open += static_cast<int64_t>(rows.size());
  if (open + bad_pairs_ == 0) return;
  if (open > 0) trace_.repairs.add(Repair::kUnpairedBegin, text_bytes, open);
  std::vector<uint32_t> kept;
  for (uint32_t row = 0; row < trace_.size(); ++row) {
    if (trace_.dur_ns[row] != kOpen) kept.push_back(row);
  }
  trace_.keep_rows(kept);
}

}  // namespace hasten::trace
