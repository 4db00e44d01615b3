// Ranges of a search as records keep them, and whether a value lies at an end of its range.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hasten/evaluate/record.h"
#include "hasten/spec/search_space.h"

namespace hasten::evaluate {

// Choices that are not numbers have a name only; ends of durations are in the dimension's unit.
std::vector<SearchRange> search_ranges(const SearchSpace& space);

// "within 5% of the low end of its range", "the last of the values tried", or nothing.
std::optional<std::string> at_edge(const SearchRange& range, double value);

}  // namespace hasten::evaluate
