// Sets of time intervals: union, intersection, difference by one sweep.
#include "hasten/trace/intervals.h"

#include <algorithm>

namespace hasten::trace {

Intervals merge(Intervals pieces) {
  std::sort(pieces.begin(), pieces.end(), [](const Interval& a, const Interval& b) { return a.begin < b.begin; });
  Intervals merged;
  for (const Interval& piece : pieces) {
    if (piece.end <= piece.begin) continue;
    if (!merged.empty() && piece.begin <= merged.back().end) {
      merged.back().end = std::max(merged.back().end, piece.end);
    } else {
      merged.push_back(piece);
    }
  }
  return merged;
}

Intervals merge_rows(const View& view, const std::vector<uint32_t>& places) {
  Intervals pieces;
  pieces.reserve(places.size());
  for (uint32_t i : places) pieces.push_back({view.ts[i], view.end(i)});
  return merge(std::move(pieces));
}

Intervals intersect(const Intervals& a, const Intervals& b) {
  Intervals both;
  for (size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    int64_t begin = std::max(a[i].begin, b[j].begin), end = std::min(a[i].end, b[j].end);
    if (begin < end) both.push_back({begin, end});
    if (a[i].end < b[j].end) {
      ++i;
    } else {
      ++j;
    }
  }
  return both;
}

Intervals subtract(const Intervals& a, const Intervals& b) {
  Intervals left;
  size_t j = 0;
  for (Interval piece : a) {
    while (j < b.size() && b[j].end <= piece.begin) ++j;
    for (size_t k = j; k < b.size() && b[k].begin < piece.end; ++k) {
      if (b[k].begin > piece.begin) left.push_back({piece.begin, b[k].begin});
      piece.begin = std::max(piece.begin, b[k].end);
    }
    if (piece.begin < piece.end) left.push_back(piece);
  }
  return left;
}

Intervals unite(const Intervals& a, const Intervals& b) {
  Intervals pieces = a;
  pieces.insert(pieces.end(), b.begin(), b.end());
  return merge(std::move(pieces));
}

int64_t length(const Intervals& intervals) {
  int64_t sum = 0;
  for (const Interval& interval : intervals) sum += interval.end - interval.begin;
  return sum;
}

Intervals merge_like_hta(const View& view, const std::vector<uint32_t>& places) {
  Intervals pieces;
  pieces.reserve(places.size());
  for (uint32_t i : places) pieces.push_back({view.ts[i], view.end(i)});
  std::stable_sort(pieces.begin(), pieces.end(),
                   [](const Interval& a, const Interval& b) { return a.begin < b.begin; });
  Intervals merged;
  int64_t latest = INT64_MIN;  // end of all before, which a group's own end may lie behind
  for (const Interval& piece : pieces) {
    if (!merged.empty() && piece.begin <= latest) {
      merged.back().end = std::max(merged.back().end, piece.end);
    } else {
      merged.push_back(piece);
    }
    latest = std::max(latest, piece.end);
  }
  return merged;
}

}  // namespace hasten::trace
