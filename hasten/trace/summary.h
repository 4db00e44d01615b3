// Count, mean, spread and quartiles of a series, as pandas' describe() gives them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace hasten::trace {

struct Summary {
  size_t count = 0;
  double mean = 0, min = 0, p25 = 0, p50 = 0, p75 = 0, max = 0;
  std::optional<double> std;  // of a sample; none for one value
};

// The values are sorted in place.
Summary summarize(std::vector<double>& values);
// Of a series of integers in which `lowest + k` comes counts[k] times.
Summary summarize_counts(int64_t lowest, const std::vector<size_t>& counts);
double quantile_of_sorted(const std::vector<double>& sorted, double q);  // linear between neighbours

}  // namespace hasten::trace
