// Turns the text of a trace, given piece by piece, into columns.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "hasten/trace/tokens.h"
#include "hasten/trace/trace.h"

namespace hasten::trace {

class TraceParser {
 public:
  explicit TraceParser(Trace& trace) : trace_(trace) {}

  // Reads what it can of buffer[0, length), which starts `offset` bytes into the text, and returns how many bytes it used;
  // the rest has to come again, with more behind it. `last`: nothing comes behind it. 64 bytes behind the text must be
  // writable. Throws DataError at text that is no trace.
  size_t feed(char* buffer, size_t length, int64_t offset, bool last);

  // After the last piece. With accept_torn, a text that ends inside is taken as far as it goes.
  void finish(int64_t text_bytes, bool accept_torn);

 private:
  struct Event;
  static constexpr int64_t kOpen = INT64_MIN;  // duration of a "B" whose "E" has not come yet
  enum class State : uint8_t { kStart, kKeyOrEnd, kCommaOrEnd, kEventOrEnd, kEventCommaOrEnd, kDone };

  bool index(char* buffer, size_t length, int64_t offset, bool last);
  size_t walk(bool last);
  size_t start(size_t token);
  size_t top_level_entry(size_t token);
  size_t element(size_t token, bool last);
  size_t event(size_t token, Event& event);
  size_t field(size_t token, Event& event);
  size_t arguments(size_t token, Event& event);

  void drop_open(int64_t text_bytes);

  void accept(const Event& event);
  void add_complete(const Event& event, int64_t ts, int64_t dur);
  void add_arguments(const Event& event, uint32_t row);
  void add_memory(const Event& event, int64_t ts);
  void begin_or_end(const Event& event, int64_t ts);
  void name_lane(const Event& event);
  bool read_time(size_t token, int64_t& ns);
  bool read_integer(size_t token, int64_t& value);
  bool read_real(size_t token, double& value);
  uint32_t text_of(size_t token);
  uint32_t interned(size_t token);
  uint32_t lane_of(const Event& event);
  uint16_t category_id(uint32_t text);
  std::string_view plain(size_t token) const;
  void repair(Repair repair, size_t token);
  [[noreturn]] void fail(size_t offset, const std::string& message) const;

  Trace& trace_;
  Tokens tokens_;
  const char* buffer_ = nullptr;
  int64_t offset_ = 0;
  State state_ = State::kStart;
  bool bare_array_ = false, saw_events_ = false, quote_added_ = false;
  StringTable escaped_;  // strings with escapes, as written
  std::vector<uint32_t> escaped_ids_;  // what they are in trace_.strings
  std::unordered_map<uint64_t, uint32_t> lane_ids_;
  std::unordered_map<uint32_t, uint16_t> category_ids_;
  std::unordered_map<uint32_t, std::vector<uint32_t>> open_;  // rows of "B" events without their "E", by lane
  std::unordered_map<uint32_t, uint32_t> process_names_;
  int64_t bad_pairs_ = 0;  // "B" and "E" too far apart to be an event
  std::string last_pid_, last_tid_;
  uint32_t last_lane_ = 0;
  bool have_lane_ = false;
};

}  // namespace hasten::trace
