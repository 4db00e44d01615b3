// CSV rows.
#include "hasten/evaluate/importers/csv.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "hasten/base/error.h"
#include "hasten/base/text.h"

namespace hasten::evaluate {
namespace {

// Whether an odd number of quotes leaves a cell open at the end of the line.
bool quote_is_open(std::string_view line) { return std::count(line.begin(), line.end(), '"') % 2 == 1; }

bool is_blank(std::string_view line) { return line.empty() || (line.front() <= ' ' && trim(line).empty()); }

// Cells are short: eight bytes are looked at in one step, and what finds a separator costs no branch that depends on the
// lengths. LineReader lets bytes behind the line be read.
void split_plain(std::string_view line, char separator, std::vector<std::string_view>& cells) {
  static_assert(LineReader::kPadding >= 8 && std::endian::native == std::endian::little);
  constexpr uint64_t kLow = 0x7F7F7F7F7F7F7F7F;
  const uint64_t pattern = 0x0101010101010101 * static_cast<unsigned char>(separator);
  const char *begin = line.data(), *const end = begin + line.size();
  for (const char* at = begin; at < end; at += 8) {
    uint64_t bytes = 0;
    std::memcpy(&bytes, at, 8);
    bytes ^= pattern;
    uint64_t found = ~(((bytes & kLow) + kLow) | bytes | kLow);  // the top bit of each byte that is the separator
    for (; found != 0; found &= found - 1) {
      const char* cut = at + std::countr_zero(found) / 8;
      if (cut >= end) break;
      cells.emplace_back(begin, static_cast<size_t>(cut - begin));
      begin = cut + 1;
    }
  }
  cells.emplace_back(begin, static_cast<size_t>(end - begin));
}

}  // namespace

CsvReader::CsvReader(const std::filesystem::path& path, char separator)
    : path_(path.string()), lines_(path), separator_(separator) {
  std::vector<std::string_view> cells;
  if (!read_row(cells)) throw DataError(path_, "line 1", "no header line: the file is empty");
  for (std::string_view cell : cells) header_.emplace_back(trim(cell));
}

std::optional<size_t> CsvReader::column(std::string_view name) const {
  auto found = std::find(header_.begin(), header_.end(), name);
  if (found == header_.end()) return std::nullopt;
  return static_cast<size_t>(found - header_.begin());
}

bool CsvReader::next(std::vector<std::string_view>& cells) {
  if (!read_row(cells)) return false;
  if (cells.size() > header_.size()) {
    throw DataError(path_, cat("line ", line()), cat(cells.size(), " cells, but the header has ", header_.size()));
  }
  cells.resize(header_.size());
  return true;
}

bool CsvReader::read_row(std::vector<std::string_view>& cells) {
  std::string_view line;
  do {
    if (!lines_.next(line)) return false;
  } while (is_blank(line));
  cells.clear();
  if (line.find('"') == std::string_view::npos) {
    split_plain(line, separator_, cells);
    return true;
  }
  size_t first = lines_.number();
  while (quote_is_open(line)) {
    if (!lines_.extend(line)) throw DataError(path_, cat("line ", first), "a quoted cell never ends");
  }
  split_quoted(line, cells);
  return true;
}

void CsvReader::split_quoted(std::string_view line, std::vector<std::string_view>& cells) {
  unquoted_.clear();
  std::vector<std::pair<size_t, size_t>> own;  // cell -> text in unquoted_; views come after it stopped growing
  size_t at = 0;
  while (true) {
    if (at < line.size() && line[at] == '"') {
      std::string text;
      for (++at; at < line.size(); ++at) {
        if (line[at] != '"') {
          text += line[at];
        } else if (at + 1 < line.size() && line[at + 1] == '"') {
          text += line[++at];
        } else {
          break;
        }
      }
      size_t end = std::min(line.find(separator_, at), line.size());
      own.emplace_back(cells.size(), unquoted_.size());
      unquoted_.push_back(std::move(text));
      cells.emplace_back();
      at = end;
    } else {
      size_t end = std::min(line.find(separator_, at), line.size());
      cells.push_back(line.substr(at, end - at));
      at = end;
    }
    if (at >= line.size()) break;
    ++at;  // the separator; one at the very end opens a last, empty cell
  }
  for (auto [cell, text] : own) cells[cell] = unquoted_[text];
}

std::optional<double> parse_number(std::string_view text) {
  text = trim(text);
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  if (text.empty()) return std::nullopt;
  double value = 0;
  auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);  // reads nan and inf, any case
  if (end != text.data() + text.size()) return std::nullopt;
  if (code == std::errc::result_out_of_range) return text.front() == '-' ? -HUGE_VAL : HUGE_VAL;
  if (code != std::errc()) return std::nullopt;
  return value;
}

}  // namespace hasten::evaluate
