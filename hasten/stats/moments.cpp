// Moments, quantiles and means of several kinds.
#include "hasten/stats/moments.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace hasten::stats {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

}  // namespace

void Moments::add(double value) {
  ++n;
  double before = value - mean;
  mean += before / static_cast<double>(n);
  squares += before * (value - mean);
}

double Moments::variance() const { return n < 2 ? kUnknown : squares / static_cast<double>(n - 1); }
double Moments::sd() const { return std::sqrt(variance()); }
double Moments::standard_error() const { return std::sqrt(variance() / static_cast<double>(n)); }

Moments moments(std::span<const double> values) {
  Moments result;
  for (double value : values) result.add(value);
  return result;
}

double median(std::vector<double> values) {
  if (values.empty()) return kUnknown;
  auto middle = values.begin() + static_cast<ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  double upper = *middle;
  if (values.size() % 2 == 1) return upper;
  double lower = *std::max_element(values.begin(), middle);
  return lower == upper ? upper : 0.5 * (lower + upper);
}

double quantile(std::vector<double> values, double p) {
  if (values.empty()) return kUnknown;
  std::sort(values.begin(), values.end());
  double place = p * static_cast<double>(values.size() - 1);
  auto below = static_cast<size_t>(std::floor(place));
  size_t above = std::min(below + 1, values.size() - 1);
  double share = place - static_cast<double>(below);
  // Not a weighted sum: 0 * inf would be NaN.
  if (share == 0 || values[below] == values[above]) return values[below];
  return values[below] + share * (values[above] - values[below]);
}

double trimmed_mean(std::vector<double> values, double share) {
  auto drop = static_cast<size_t>(share * static_cast<double>(values.size()));
  if (values.size() <= 2 * drop) return kUnknown;
  std::sort(values.begin(), values.end());
  return moments(std::span(values).subspan(drop, values.size() - 2 * drop)).mean;
}

double geometric_mean(std::span<const double> positive) {
  Moments logs;
  for (double value : positive) logs.add(std::log(value));
  return logs.n == 0 ? kUnknown : std::exp(logs.mean);
}

double expected_best(std::vector<double> results, int64_t k, bool maximize) {
  if (results.empty() || k < 1) return kUnknown;
  std::sort(results.begin(), results.end());
  if (!maximize) std::reverse(results.begin(), results.end());
  auto n = static_cast<double>(results.size());
  double sum = 0;
  for (size_t i = 0; i < results.size(); ++i) {
    double rank = static_cast<double>(i);
    sum += results[i] * (std::pow((rank + 1) / n, static_cast<double>(k)) - std::pow(rank / n, static_cast<double>(k)));
  }
  return sum;
}

double olympic_mean(std::vector<double> values) {
  if (values.size() < 3) return kUnknown;
  std::sort(values.begin(), values.end());
  return moments(std::span(values).subspan(1, values.size() - 2)).mean;
}

}  // namespace hasten::stats
