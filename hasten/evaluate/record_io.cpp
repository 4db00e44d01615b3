// Finding, reading and writing run directories.
#include "hasten/evaluate/record_io.h"

#include <algorithm>
#include <set>

#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/evaluate/tensorboard_log.h"

namespace hasten::evaluate {
namespace fs = std::filesystem;

void write_run_record(const fs::path& directory, const RunRecord& record) {
  std::error_code code;
  fs::create_directories(directory, code);
  if (code) throw DataError(directory.string(), "", "cannot create the run directory: " + code.message());
  write_file_atomic(directory / "run.json", to_json(record).dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

bool is_run_file(const fs::path& path) {
  static const std::set<std::string> names{"run.json",  "events.jsonl",        "checkpoints", "prelude",
                                           "model.pt",  TensorboardLog::kFile, "trace.json",  "weights.safetensors",
                                           "plan.json", "predictions.npy",     "trained.pt"};
  return names.contains(path.filename().string()) || is_unfinished_file(path);
}

bool is_run(const fs::path& directory) {
  std::error_code code;
  return fs::is_regular_file(directory / "run.json", code);
}

Run read_run(const fs::path& directory) {
  Run run;
  run.path = directory.string();
  run.record = record_from_json(read_json(directory / "run.json"), directory / "run.json");
  std::error_code code;
  if (fs::exists(directory / "events.jsonl", code)) {
    run.dropped_lines =
        read_events(directory / "events.jsonl", [&](EventRecord&& event) { run.events.push_back(std::move(event)); });
  }
  return run;
}

std::vector<fs::path> find_runs(const std::vector<std::string>& paths) {
  std::set<fs::path> found;
  for (const std::string& text : paths) {
    fs::path path = text;
    std::error_code code;
    if (!fs::exists(path, code))
      throw ConfigError("runs", "a run directory or a folder of runs", text + ", which is not there");
    if (path.filename() == "run.json") path = path.parent_path().empty() ? fs::path(".") : path.parent_path();
    if (is_run(path)) {
      found.insert(path.lexically_normal());
      continue;
    }
    size_t before = found.size();
    fs::recursive_directory_iterator walk(path, fs::directory_options::skip_permission_denied, code), end;
    for (; !code && walk != end; walk.increment(code)) {
      if (walk->path().filename() == "run.json") found.insert(walk->path().parent_path().lexically_normal());
    }
    if (found.size() == before) {
      throw ConfigError("runs", "a run directory or a folder of runs", text + ", where no run.json is",
                        "logs of other programs become runs with: hasten import " + text + " --out RUNS");
    }
  }
  return {found.begin(), found.end()};
}

EventLog::EventLog(const fs::path& directory) : file_(directory / "events.jsonl", 0) {}

EventLog::EventLog(const fs::path& directory, int64_t offset, int64_t step)
    : file_(directory / "events.jsonl", offset) {
  EventRecord restart;
  restart.kind = "restart";
  restart.step = step;
  append(restart);
}

void EventLog::append(const EventRecord& event) { file_.append(event_line(event)); }

}  // namespace hasten::evaluate
