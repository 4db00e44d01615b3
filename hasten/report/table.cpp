// Alignment of columns; escaping.
#include "hasten/report/table.h"

#include <algorithm>

#include "hasten/base/text.h"
#include "hasten/base/utf8.h"

namespace hasten::report {
namespace {

std::vector<size_t> widths_of(const Table& table) {
  std::vector<size_t> widths;
  auto widen = [&](const std::vector<std::string>& row) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], display_width(printable(row[c])));
  };
  widen(table.head);
  for (const auto& row : table.rows) widen(row);
  return widths;
}

std::string aligned_row(const std::vector<std::string>& row, const std::vector<size_t>& widths, size_t text_columns,
                        const std::string& gap) {
  std::string line;
  for (size_t c = 0; c < widths.size(); ++c) {
    std::string cell = c < row.size() ? printable(row[c]) : "";
    std::string pad(widths[c] - display_width(cell), ' ');
    if (c > 0) line += gap;
    line += c < text_columns ? cell + pad : pad + cell;
  }
  return line;
}

std::string without_trailing_blanks(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

std::string rest_of(const Table& table) {
  return table.left_out == 0 ? "" : cat("and ", table.left_out, table.left_out == 1 ? " row more" : " rows more");
}

}  // namespace

size_t display_width(const std::string& utf8) {
  return static_cast<size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string terminal_table(const Table& table, const std::string& indent) {
  std::vector<size_t> widths = widths_of(table);
  std::string text = indent + without_trailing_blanks(aligned_row(table.head, widths, table.text_columns, "  ")) + "\n";
  for (const auto& row : table.rows) {
    text += indent + without_trailing_blanks(aligned_row(row, widths, table.text_columns, "  ")) + "\n";
  }
  if (table.left_out > 0) text += indent + rest_of(table) + "\n";
  return text;
}

std::string markdown_table(const Table& table) {
  auto safe = [](std::vector<std::string> row) {
    for (std::string& cell : row) {
      for (size_t at = 0; (at = cell.find('|', at)) != std::string::npos; at += 2) cell.insert(at, "\\");
    }
    return row;
  };
  Table escaped{safe(table.head), {}, table.text_columns};
  for (const auto& row : table.rows) escaped.rows.push_back(safe(row));
  std::vector<size_t> widths = widths_of(escaped);
  for (size_t& width : widths) width = std::max<size_t>(width, 3);
  std::string text = "| " + aligned_row(escaped.head, widths, table.text_columns, " | ") + " |\n|";
  for (size_t c = 0; c < widths.size(); ++c) {
    text += " " + std::string(widths[c] - 1, '-') + (c < table.text_columns ? "-" : ":") + " |";
  }
  text += "\n";
  for (const auto& row : escaped.rows) text += "| " + aligned_row(row, widths, table.text_columns, " | ") + " |\n";
  if (table.left_out > 0) text += "\n" + rest_of(table) + "\n";
  return text;
}

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const Utf8Character c = first_character(text);
    const bool control =
        c.code_point < 0x20 || (c.code_point >= 0x7F && c.code_point < 0xA0);  // ASCII's and ISO 6429's
    if (c.code_point == '\n' || c.code_point == '\r' || c.code_point == '\t') out += ' ';
    else if (c.bytes > 0 && !control) out += text.substr(0, c.bytes);
    text.remove_prefix(std::max<size_t>(c.bytes, 1));
  }
  return out;
}

std::string html_escape(const std::string& text) {
  std::string out;
  for (char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
  return out;
}

std::string html_table(const Table& table, size_t wide_columns) {
  auto cell = [&](const char* tag, size_t column, const std::string& text) {
    std::string classes = column < table.text_columns ? "text" : "";
    if (column < wide_columns) classes += " wide";
    return cat("<", tag, classes.empty() ? "" : " class=\"" + classes + "\"", ">", html_escape(text), "</", tag, ">");
  };
  std::string html = "<div class=\"scroll\"><table><thead><tr>";
  for (size_t c = 0; c < table.head.size(); ++c) html += cell("th", c, table.head[c]);
  html += "</tr></thead><tbody>";
  for (const auto& row : table.rows) {
    html += "<tr>";
    for (size_t c = 0; c < row.size(); ++c) html += cell("td", c, row[c]);
    html += "</tr>";
  }
  html += "</tbody></table></div>";
  return table.left_out > 0 ? html + "<p class=\"small\">" + rest_of(table) + "</p>" : html;
}

}  // namespace hasten::report
