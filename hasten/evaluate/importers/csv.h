// Comma-separated values, streaming: quotes, byte-order marks and foreign line ends included.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hasten/base/line_reader.h"

namespace hasten::evaluate {

class CsvReader {
 public:
  // Reads the header line. Throws DataError for an empty file or an unreadable one.
  explicit CsvReader(const std::filesystem::path& path, char separator = ',');

  const std::vector<std::string>& header() const { return header_; }
  // Place of a column, if it is there. Names are compared as they are, without blanks around them.
  std::optional<size_t> column(std::string_view name) const;

  // The next row that is not empty. Cells live until the next call. A row may be shorter than the header (the rest is
  // blank); a longer one is a DataError with its line.
  bool next(std::vector<std::string_view>& cells);
  size_t line() const { return lines_.number(); }
  // False when the last row lacks its newline: it may have been cut while it was written.
  bool last_row_complete() const { return lines_.ended_with_newline(); }

 private:
  bool read_row(std::vector<std::string_view>& cells);
  void split_quoted(std::string_view line, std::vector<std::string_view>& cells);

  std::string path_;
  LineReader lines_;
  char separator_;
  std::vector<std::string> header_;
  std::vector<std::string> unquoted_;  // cells whose text differs from the file's
};

// A number as logs write them: "1", "1.0", "nan", "inf", "-Infinity", "1e5"; blank and anything else give nullopt.
std::optional<double> parse_number(std::string_view text);

}  // namespace hasten::evaluate
