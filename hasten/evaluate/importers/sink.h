// Where importers put what they read.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hasten/base/files.h"
#include "hasten/evaluate/record.h"
#include "hasten/evaluate/record_io.h"

namespace hasten::evaluate {

// Runs may be open side by side: one call names the run by the number that `begin` gave.
class RunSink {
 public:
  virtual ~RunSink() = default;
  virtual size_t begin() = 0;
  virtual void event(size_t run, EventRecord&& event) = 0;
  // The same for an event that is written already (see event_line): numbers of large tables need not be read and printed.
  virtual void line(size_t run, std::string_view event_line) = 0;
  virtual void end(size_t run, RunRecord&& record) = 0;
};

// Keeps runs in memory.
class MemorySink : public RunSink {
 public:
  size_t begin() override;
  void event(size_t run, EventRecord&& event) override;
  void line(size_t run, std::string_view event_line) override;
  void end(size_t run, RunRecord&& record) override;
  std::vector<Run> runs;

 private:
  EventParser parser_;
};

// Writes run directories below `root`, in little memory. Names come from the records' ids, made safe: whatever an id says,
// nothing is written outside. Throws ConfigError when `root` already holds runs.
class DirectorySink : public RunSink {
 public:
  explicit DirectorySink(const std::filesystem::path& root);
  ~DirectorySink() override;
  size_t begin() override;
  void event(size_t run, EventRecord&& event) override;
  void line(size_t run, std::string_view event_line) override;
  void end(size_t run, RunRecord&& record) override;
  size_t finished() const { return finished_; }

 private:
  struct Open;
  Open& open(size_t number);
  static void make_room(Open& run, size_t bytes);
  struct Open {
    std::filesystem::path folder;  // a temporary name until the id is known
    std::unique_ptr<AppendFile> file;
    std::string buffer;
  };
  std::filesystem::path root_;
  std::map<size_t, Open> open_;
  Open* latest_ = nullptr;  // of open_: long tables come run after run
  size_t latest_number_ = 0;
  size_t next_ = 0, finished_ = 0;
};

// A name for a folder: letters, digits, ".", "_", "-", not starting with a dot, at most 120 characters. Two different texts
// never give the same name.
std::string safe_name(const std::string& text);

}  // namespace hasten::evaluate
