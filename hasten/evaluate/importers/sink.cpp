// Runs into memory, or into directories.
#include "hasten/evaluate/importers/sink.h"

#include <algorithm>
#include <cctype>

#include "hasten/base/error.h"
#include "hasten/base/hash.h"
#include "hasten/base/text.h"
#include "hasten/evaluate/record_io.h"

namespace hasten::evaluate {

namespace fs = std::filesystem;

std::string safe_name(const std::string& text) {
  std::string name;
  for (char c : text) {
    bool plain = std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
    name += plain ? c : '_';
  }
  if (!name.empty() && name.front() == '.') name.front() = '_';
  bool changed = name != text || name.empty() || name.size() > 120;
  if (name.size() > 100) name.resize(100);
  return changed ? name + "-" + hex(hash64(text)).substr(0, 12) : name;
}

size_t MemorySink::begin() {
  runs.emplace_back();
  return runs.size() - 1;
}

void MemorySink::event(size_t run, EventRecord&& event) { runs.at(run).events.push_back(std::move(event)); }

void MemorySink::line(size_t run, std::string_view event_line) {
  runs.at(run).events.push_back(parse_event_line(event_line, "imported event"));
}

void MemorySink::end(size_t run, RunRecord&& record) {
  runs.at(run).path = record.source;
  runs.at(run).record = std::move(record);
}

DirectorySink::DirectorySink(const fs::path& root) : root_(root) {
  std::error_code code;
  if (fs::exists(root, code) && !fs::is_empty(root, code)) {
    throw ConfigError("--out", "an empty or new folder", root.string() + ", which is not empty",
                      "choose another name, or remove it");
  }
  fs::create_directories(root, code);
  if (code) throw DataError(root.string(), "", "cannot create: " + code.message());
}

DirectorySink::~DirectorySink() {
  // Runs that never ended: the importer failed in the middle of them.
  for (auto& [number, run] : open_) {
    run.file.reset();
    std::error_code code;
    fs::remove_all(run.folder, code);
  }
}

size_t DirectorySink::begin() {
  size_t number = next_++;
  Open& run = open_[number];
  run.folder = root_ / cat(".importing-", number);
  std::error_code code;
  fs::create_directories(run.folder, code);
  if (code) throw DataError(run.folder.string(), "", "cannot create: " + code.message());
  run.file = std::make_unique<AppendFile>(run.folder / "events.jsonl", 0);
  return number;
}

void DirectorySink::event(size_t number, EventRecord&& event) {
  Open& run = open_.at(number);
  append_event_line(event, run.buffer);
  flush_if_full(run);
}

void DirectorySink::line(size_t number, std::string_view event_line) {
  Open& run = open_.at(number);
  run.buffer += event_line;
  flush_if_full(run);
}

void DirectorySink::flush_if_full(Open& run) {
  constexpr size_t kBuffer = 1 << 18;
  if (run.buffer.size() < kBuffer) return;
  run.file->append(run.buffer);
  run.buffer.clear();
}

void DirectorySink::end(size_t number, RunRecord&& record) {
  Open& run = open_.at(number);
  run.file->append(run.buffer);
  run.file.reset();
  if (record.id.empty()) record.id = cat("run-", number);
  fs::path folder = root_ / safe_name(record.id);
  std::error_code code;
  for (int copy = 2; fs::exists(folder, code); ++copy) folder = root_ / cat(safe_name(record.id), "-", copy);
  write_run_record(run.folder, record);
  fs::rename(run.folder, folder, code);
  if (code) throw DataError(folder.string(), "", "cannot create: " + code.message());
  open_.erase(number);
  ++finished_;
}

}  // namespace hasten::evaluate
