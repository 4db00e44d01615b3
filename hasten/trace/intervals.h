// Sets of half-open time intervals, sorted and apart from each other.
#pragma once

#include <cstdint>
#include <vector>

#include "hasten/trace/view.h"

namespace hasten::trace {

struct Interval {
  int64_t begin = 0, end = 0;
  bool operator==(const Interval&) const = default;
};
using Intervals = std::vector<Interval>;

Intervals merge(Intervals pieces);  // empty ones vanish
Intervals merge_rows(const View& view, const std::vector<uint32_t>& places);
Intervals intersect(const Intervals& a, const Intervals& b);
Intervals subtract(const Intervals& a, const Intervals& b);
Intervals unite(const Intervals& a, const Intervals& b);
int64_t length(const Intervals& intervals);

// HTA's merge keeps intervals that end before they start (its rounding makes them) and counts them as negative time.
Intervals merge_like_hta(const View& view, const std::vector<uint32_t>& places);

}  // namespace hasten::trace
