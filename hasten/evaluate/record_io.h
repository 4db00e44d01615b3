// Run directories: run.json (written whole) and events.jsonl (only grows).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hasten/base/files.h"
#include "hasten/base/json_fwd.h"
#include "hasten/evaluate/record.h"

namespace hasten::evaluate {

Json to_json(const RunRecord& record);
// `path` is only for messages. Throws DataError for a wrong type (with the field's name), a missing id, or a
// version newer than this program.
RunRecord record_from_json(const Json& json, const std::filesystem::path& path);

// The resolved recipe of a run; null when the run has none.
Json recipe(const RunRecord& record);

// Whether `path` has the name of what hasten writes into the directory of a run: records, checkpoints, profiles, exports.
bool is_run_file(const std::filesystem::path& path);

// Creates the directory if needed; the old or the new run.json is there after a crash, never a part.
void write_run_record(const std::filesystem::path& directory, const RunRecord& record);

// One event as a line of events.jsonl, with its newline. Numbers that are not finite become the words
// "nan", "inf" and "-inf", so that a diverged run reads back as it was.
std::string event_line(const EventRecord& event);
void append_event_line(const EventRecord& event, std::string& out);

// Reads such lines back; its buffers serve all of them.
class EventParser {
 public:
  EventParser();
  ~EventParser();
  EventParser(EventParser&&) noexcept;
  EventParser& operator=(EventParser&&) noexcept;
  // Throws DataError naming `path` when the line is no event.
  EventRecord parse(std::string_view line, const std::filesystem::path& path);

 private:
  struct Buffers;
  std::unique_ptr<Buffers> buffers_;
};
// A step or count that a log gives as a double, rounded down; nullopt for NaN and beyond what doubles count exactly.
std::optional<int64_t> whole_number(double value);
// Text as a JSON string, with its quotes; bytes that are no UTF-8 become U+FFFD.
void append_json_text(std::string_view text, std::string& out);
// A number as a JSON token; see event_line for those that are not finite.
void append_json_number(double value, std::string& out);

// Writes events.jsonl. `offset` of a checkpoint goes back in here when resuming: what came after it is cut off
// and a restart is logged.
class EventLog {
 public:
  explicit EventLog(const std::filesystem::path& directory);  // a new, empty log
  EventLog(const std::filesystem::path& directory, int64_t offset, int64_t step);  // resuming after `step`
  void append(const EventRecord& event);
  void sync() { file_.sync(); }
  int64_t offset() const { return file_.size(); }

 private:
  AppendFile file_;
};

// Calls `take` for every event of an events.jsonl, in constant memory. Returns the number of dropped lines: a torn
// last line. A broken line elsewhere is a DataError with its number.
int64_t read_events(const std::filesystem::path& file, const std::function<void(EventRecord&&)>& take);

bool is_run(const std::filesystem::path& directory);
Run read_run(const std::filesystem::path& directory);

// The run directories under these paths (a run, or a folder of runs at any depth), sorted,
// each once. Throws ConfigError for a path that is not there or holds no run.
std::vector<std::filesystem::path> find_runs(const std::vector<std::string>& paths);

}  // namespace hasten::evaluate
