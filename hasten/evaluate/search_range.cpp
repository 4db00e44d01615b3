// Ranges of a search.
#include "hasten/evaluate/search_range.h"

#include <algorithm>
#include <cmath>

#include "hasten/base/json.h"

namespace hasten::evaluate {

std::vector<SearchRange> search_ranges(const SearchSpace& space) {
  std::vector<SearchRange> ranges;
  for (const SearchDimension& dimension : space) {
    SearchRange& range = ranges.emplace_back();
    range.name = dimension.path;
    if (dimension.choices.empty()) {
      range.low = dimension.low;
      range.high = dimension.high;
      range.log = dimension.log;
      continue;
    }
    for (const std::string& choice : dimension.choices) {
      Json value = Json::parse(choice);
      if (value.is_number()) range.values.push_back(value.get<double>());
    }
    if (range.values.size() < dimension.choices.size()) range.values.clear();
  }
  return ranges;
}

std::optional<std::string> at_edge(const SearchRange& range, double value) {
  if (range.values.size() > 1) {
    auto [low, high] = std::minmax_element(range.values.begin(), range.values.end());
    if (value <= *low) return "the first of the values tried";
    if (value >= *high) return "the last of the values tried";
    return std::nullopt;
  }
  if (!range.low || !range.high || !(*range.low < *range.high)) return std::nullopt;
  if (range.log && !(*range.low > 0 && value > 0)) return std::nullopt;
  auto scale = [&](double x) { return range.log ? std::log(x) : x; };
  double place = (scale(value) - scale(*range.low)) / (scale(*range.high) - scale(*range.low));
  if (place < 0.05) return "within 5% of the low end of its range";
  if (place > 0.95) return "within 5% of the high end of its range";
  return std::nullopt;
}

}  // namespace hasten::evaluate
