// Small text helpers: numbers as people read them, suggestions, globs.
#include "hasten/base/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <numeric>

namespace hasten {
namespace {

std::string printed(const char* format, int digits, double value) {
  std::array<char, 400> buffer{};
  int n = std::snprintf(buffer.data(), buffer.size(), format, digits, value);
  return std::string(buffer.data(), static_cast<size_t>(std::max(n, 0)));
}

// Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment).
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> d(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  std::iota(d[0].begin(), d[0].end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t substitute = d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, substitute});
      bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  size_t begin = 0;
  while (true) {
    size_t end = text.find(separator, begin);
    parts.emplace_back(text.substr(begin, end == std::string_view::npos ? end : end - begin));
    if (end == std::string_view::npos) return parts;
    begin = end + 1;
  }
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out += separator;
    out += parts[i];
  }
  return out;
}

bool starts_with_any(std::string_view text, const std::vector<std::string>& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](const std::string& prefix) { return text.substr(0, prefix.size()) == prefix; });
}

std::string number(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  std::array<char, 40> buffer{};
  auto [end, code] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  return std::string(buffer.data(), end);
}

std::string fixed(double value, int digits) { return printed("%.*f", digits, value); }

std::string significant(double value, int digits) {
  if (value == 0 || !std::isfinite(value)) return number(value);
  int exponent = static_cast<int>(std::floor(std::log10(std::abs(value))));
  if (exponent >= 6 || exponent < -4) return printed("%.*e", digits - 1, value);
  if (exponent < digits) return printed("%.*f", std::max(0, digits - 1 - exponent), value);
  double unit = std::pow(10.0, exponent - digits + 1);
  return printed("%.*f", 0, std::round(value / unit) * unit);
}

std::string si(double value, int digits) {
  if (value == 0 || !std::isfinite(value)) return number(value);
  constexpr std::array<const char*, 9> kPrefixes{"", "k", "M", "G", "T", "P", "E", "Z", "Y"};
  double magnitude = std::abs(value);
  size_t index = 0;
  // Rounded first, so that 999999 prints as 1M and not as 1000k.
  while (index + 1 < kPrefixes.size() && std::stod(printed("%.*g", digits, magnitude)) >= 1000) {
    magnitude /= 1000;
    ++index;
  }
  return (value < 0 ? "-" : "") + significant(magnitude, digits) + kPrefixes[index];
}

std::string duration_text(double seconds) {
  if (!std::isfinite(seconds)) return "?";
  if (seconds < 1) return significant(seconds * 1000, 3) + "ms";
  if (seconds < 59.95) return fixed(seconds, 1) + "s";
  auto whole = static_cast<long long>(std::llround(seconds));
  std::array<char, 40> buffer{};
  if (whole < 3600) {
    std::snprintf(buffer.data(), buffer.size(), "%lldm%02llds", whole / 60, whole % 60);
  } else {
    std::snprintf(buffer.data(), buffer.size(), "%lldh%02lldm%02llds", whole / 3600, whole / 60 % 60, whole % 60);
  }
  return buffer.data();
}

std::string ordinal_list(const std::vector<std::string>& names, std::string_view last) {
  if (names.empty()) return "none";
  std::string out = names.front();
  for (size_t i = 1; i < names.size(); ++i) {
    out += i + 1 == names.size() ? " " + std::string(last) + " " : std::string(", ");
    out += names[i];
  }
  return out;
}

std::string closest(std::string_view word, const std::vector<std::string>& candidates) {
  std::string best;
  size_t best_distance = std::max<size_t>(1, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::string suggest(std::string_view word, const std::vector<std::string>& candidates) {
  std::string near = closest(word, candidates);
  if (!near.empty()) return "did you mean '" + near + "'?";
  return candidates.empty() ? "there is none" : "there are: " + join(candidates, ", ");
}

bool glob_match(std::string_view pattern, std::string_view text) {
  size_t p = 0, t = 0, star = std::string_view::npos, mark = 0;
  while (t < text.size()) {
    if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace hasten
