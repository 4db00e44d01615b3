// Lines of a file of any size in little memory.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace hasten {

// Reads in chunks; a line lives until the next call. kPadding bytes behind every line may be read (simdjson needs that).
class LineReader {
 public:
  static constexpr size_t kPadding = 64;
  static constexpr size_t kLongest = size_t{128} << 20;  // a longer line is no text

  // Throws DataError if the file cannot be opened.
  explicit LineReader(const std::filesystem::path& path);
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  // The next line without its newline; false at the end. A byte-order mark at the start and a carriage return before the
  // newline are taken off.
  bool next(std::string_view& line);
  // The next line with one more joined to it, for records that span lines: `line` grows by "\n" and the following line.
  bool extend(std::string_view& line);

  bool ended_with_newline() const { return complete_; }  // the line that `next` gave
  size_t number() const { return number_; }  // of that line, from 1
  size_t capacity_behind(std::string_view line) const;

 private:
  bool fill();
  bool find_end(size_t from, size_t& end);
  std::string_view cleaned(size_t begin, size_t end);

  std::string path_, buffer_;
  int descriptor_ = -1;
  size_t line_begin_ = 0, begin_ = 0, size_ = 0, number_ = 0;
  bool complete_ = false, at_end_ = false;
};

}  // namespace hasten
