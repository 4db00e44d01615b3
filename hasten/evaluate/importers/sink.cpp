// Runs into memory, or into directories.
#include "hasten/evaluate/importers/sink.h"

#include <algorithm>
#include <cctype>

#include "hasten/base/error.h"
#include "hasten/base/hash.h"
#include "hasten/base/text.h"

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
  runs.at(run).events.push_back(parser_.parse(event_line, "imported event"));
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

DirectorySink::Open& DirectorySink::open(size_t number) {
  if (!latest_ || latest_number_ != number) {
    latest_ = &open_.at(number);
    latest_number_ = number;
  }
  return *latest_;
}

void DirectorySink::event(size_t number, EventRecord&& event) {
  Open& run = open(number);
  make_room(run, 0);
  append_event_line(event, run.buffer);
}

void DirectorySink::line(size_t number, std::string_view event_line) {
  Open& run = open(number);
  make_room(run, event_line.size());
  run.buffer += event_line;
}

// Buffers of hundreds of runs side by side stay small: written out before they would grow.
void DirectorySink::make_room(Open& run, size_t bytes) {
  constexpr size_t kBuffer = 1 << 18;
  if (run.buffer.size() + bytes < kBuffer) return;
  run.file->append(run.buffer);
  run.buffer.clear();
}

void DirectorySink::end(size_t number, RunRecord&& record) {
  Open& run = open(number);
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
  latest_ = nullptr;
  ++finished_;
}

}  // namespace hasten::evaluate
