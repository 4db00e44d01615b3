// One line on stderr that shows how far a command is; only on a terminal.
#pragma once

#include <cstdint>
#include <string>

namespace hasten::cli {

class ProgressLine {
 public:
  explicit ProgressLine(std::string label = "") : label_(std::move(label)) {}
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  // Ten times a second at most, unless it is to be `at_once`.
  void show(const std::string& line, bool at_once = false);
  void show(double fraction, const std::string& text);  // "LABEL 45%  TEXT"
  void clear();

 private:
  std::string label_;
  int64_t drawn_ns_ = 0;
  bool drawn_ = false;
};

// "1.23 MB"; for people. Three digits.
std::string byte_text(uint64_t bytes);
std::string count_text(uint64_t count, const char* one, const char* several);  // "1 shard", "12 shards"

}  // namespace hasten::cli
