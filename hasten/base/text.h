// Small text helpers. They keep fmt out of headers and out of files that include LibTorch, which ships another fmt.
#pragma once

#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace hasten {

// The arguments one after the other, as operator<< prints them.
template <class... Args>
std::string cat(const Args&... args) {
  std::ostringstream out;
  (out << ... << args);
  return std::move(out).str();
}

std::vector<std::string> split(std::string_view text, char separator);  // keeps empty parts
std::string_view trim(std::string_view text);
std::string join(const std::vector<std::string>& parts, std::string_view separator);
bool starts_with_any(std::string_view text, const std::vector<std::string>& prefixes);

// Shortest text that reads back as the same double: 0.1 -> "0.1", 1e300 -> "1e+300", 3.0 -> "3".
std::string number(double value);
std::string fixed(double value, int digits);             // 1.2345, 2 -> "1.23"
std::string significant(double value, int digits);       // 1234.5, 3 -> "1230"; never in exponent form below 1e6
std::string si(double value, int digits = 3);            // 1234567 -> "1.23M"
std::string duration_text(double seconds);               // 3723.4 -> "1h02m03s", 83.2 -> "1m23s", 4.21 -> "4.2s"
std::string ordinal_list(const std::vector<std::string>& names, std::string_view last = "and");  // "a, b and c"

// The candidate nearest to `word` by edit distance, or "" if none is near enough to be meant.
std::string closest(std::string_view word, const std::vector<std::string>& candidates);
// "did you mean 'x'?" or a list of what there is; for hints.
std::string suggest(std::string_view word, const std::vector<std::string>& candidates);

// Shell-style match with `*` (any run) and `?` (any one character).
bool glob_match(std::string_view pattern, std::string_view text);

}  // namespace hasten
