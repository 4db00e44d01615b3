// Tables for a terminal and for Markdown.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hasten::report {

struct Table {
  std::vector<std::string> head;
  std::vector<std::vector<std::string>> rows;
  size_t text_columns = 1;  // the first ones are aligned left, the others right
  size_t left_out = 0;      // rows that are not shown: a line below says how many
};

std::string terminal_table(const Table& table, const std::string& indent = "");
std::string markdown_table(const Table& table);

size_t display_width(const std::string& utf8);  // characters, not bytes

// In a frame that scrolls; the first `wide_columns` may break their lines.
std::string html_table(const Table& table, size_t wide_columns = 0);

// Without control characters, which a name from a log could use to write over the terminal; line breaks become blanks.
std::string printable(std::string_view text);

std::string html_escape(const std::string& text);

}  // namespace hasten::report
