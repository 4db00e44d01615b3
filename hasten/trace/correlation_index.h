// From the correlation number of a launch to a row: open addressing, since traces hold millions of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace hasten::trace {

// Correlation number -> place of the last row that was added with it.
class CorrelationIndex {
 public:
  explicit CorrelationIndex(size_t expected) : keys_(size_for(expected), -1), places_(keys_.size(), 0) {}

  void set(int64_t correlation, int32_t place) {
    size_t slot = find_slot(correlation);
    keys_[slot] = correlation;
    places_[slot] = place;
  }
  int32_t find(int64_t correlation) const {
    size_t slot = find_slot(correlation);
    return keys_[slot] == correlation ? places_[slot] : -1;
  }

 private:
  static size_t size_for(size_t expected) {
    size_t size = 64;
    while (size * 2 < expected * 3) size *= 2;  // two thirds full at most
    return size;
  }
  size_t find_slot(int64_t correlation) const {
    size_t mask = keys_.size() - 1;
    size_t slot = (static_cast<uint64_t>(correlation) * 0x9e3779b97f4a7c15ULL >> 20) & mask;
    while (keys_[slot] != -1 && keys_[slot] != correlation) slot = (slot + 1) & mask;
    return slot;
  }

  std::vector<int64_t> keys_;
  std::vector<int32_t> places_;
};

}  // namespace hasten::trace
