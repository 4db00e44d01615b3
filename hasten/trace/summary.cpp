// Count, mean, spread and quartiles of a series.
#include "hasten/trace/summary.h"

#include <algorithm>
#include <cmath>

namespace hasten::trace {

double quantile_of_sorted(const std::vector<double>& sorted, double q) {
  if (sorted.empty()) return 0;
  double place = q * static_cast<double>(sorted.size() - 1);
  auto low = static_cast<size_t>(place);
  size_t high = std::min(low + 1, sorted.size() - 1);
  return sorted[low] + (sorted[high] - sorted[low]) * (place - static_cast<double>(low));
}

Summary summarize(std::vector<double>& values) {
  Summary summary;
  summary.count = values.size();
  if (values.empty()) return summary;
  std::sort(values.begin(), values.end());
  double sum = 0, squares = 0;
  for (double value : values) sum += value;
  summary.mean = sum / static_cast<double>(values.size());
  for (double value : values) squares += (value - summary.mean) * (value - summary.mean);
  if (values.size() > 1) summary.std = std::sqrt(squares / static_cast<double>(values.size() - 1));
  summary.min = values.front();
  summary.p25 = quantile_of_sorted(values, 0.25);
  summary.p50 = quantile_of_sorted(values, 0.5);
  summary.p75 = quantile_of_sorted(values, 0.75);
  summary.max = values.back();
  return summary;
}

Summary summarize_counts(int64_t lowest, const std::vector<size_t>& counts) {
  Summary summary;
  auto value = [&](size_t k) { return static_cast<double>(lowest + static_cast<int64_t>(k)); };
  double sum = 0, squares = 0;
  for (size_t k = 0; k < counts.size(); ++k) {
    summary.count += counts[k];
    sum += value(k) * static_cast<double>(counts[k]);
  }
  if (summary.count == 0) return summary;
  auto n = static_cast<double>(summary.count);
  summary.mean = sum / n;
  for (size_t k = 0; k < counts.size(); ++k) {
    squares += (value(k) - summary.mean) * (value(k) - summary.mean) * static_cast<double>(counts[k]);
  }
  if (summary.count > 1) summary.std = std::sqrt(squares / (n - 1));
  auto at = [&](size_t place) {  // of the sorted series
    size_t k = 0;
    while (place >= counts[k]) place -= counts[k++];
    return value(k);
  };
  auto quantile = [&](double q) {
    double place = q * (n - 1);
    auto low = static_cast<size_t>(place);
    double below = at(low);
    return below + (at(std::min(low + 1, summary.count - 1)) - below) * (place - static_cast<double>(low));
  };
  summary.min = at(0);
  summary.p25 = quantile(0.25);
  summary.p50 = quantile(0.5);
  summary.p75 = quantile(0.75);
  summary.max = at(summary.count - 1);
  return summary;
}

}  // namespace hasten::trace
