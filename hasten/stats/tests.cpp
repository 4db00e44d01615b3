// Student's, Mann and Whitney's and Fisher's tests.
#include "hasten/stats/tests.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "hasten/base/error.h"
#include "hasten/stats/distributions.h"
#include "hasten/stats/moments.h"

namespace hasten::stats {
namespace {

TTest from_difference(double difference, double standard_error, double dof, double confidence) {
  TTest test;
  test.difference = difference;
  test.dof = dof;
  if (standard_error == 0) {
    test.t = difference == 0 ? 0 : std::copysign(HUGE_VAL, difference);
  } else {
    test.t = difference / standard_error;
  }
  test.p_less = student_cdf(test.t, dof);
  test.p_greater = student_cdf(-test.t, dof);
  test.p_two_sided = std::min(1.0, 2 * std::min(test.p_less, test.p_greater));
  if (std::isnan(test.p_less)) test.p_two_sided = test.p_less;
  double reach = standard_error == 0 ? 0 : student_quantile(0.5 + confidence / 2, dof) * standard_error;
  test.low = difference - reach;
  test.high = difference + reach;
  return test;
}

TTest unknown() {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  return {nan, nan, nan, nan, nan, nan, nan, nan};
}

// Number of ways in which ranks of n_a + n_b distinct values give each U, by the usual recurrence.
std::vector<double> u_counts(size_t n_a, size_t n_b) {
  size_t top = n_a * n_b;
  std::vector<double> counts(top + 1, 0.0);
  counts[0] = 1;
  for (size_t i = 1; i <= n_a; ++i) {
    for (size_t u = top + 1; u-- > n_b + i;) counts[u] -= counts[u - n_b - i];
    for (size_t u = i; u <= top; ++u) counts[u] += counts[u - i];
  }
  return counts;
}

double exact_at_most(double u, size_t n_a, size_t n_b) {
  std::vector<double> counts = u_counts(n_a, n_b);
  double total = std::accumulate(counts.begin(), counts.end(), 0.0), below = 0;
  for (size_t k = 0; k <= static_cast<size_t>(u); ++k) below += counts[k];
  return below / total;
}

}  // namespace

TTest one_sample_t(std::span<const double> values, double mean, double confidence) {
  if (values.size() < 2) return unknown();
  Moments m = moments(values);
  return from_difference(m.mean - mean, m.standard_error(), static_cast<double>(m.n - 1), confidence);
}

TTest contrast_t(std::span<const WeightedSample> samples, double confidence) {
  double difference = 0, variance = 0, spread = 0, freedom = 0;
  for (const WeightedSample& sample : samples) {
    if (sample.values.size() < 2) return unknown();
    const Moments m = moments(sample.values);
    const auto n = static_cast<double>(m.n);
    const double share = sample.weight * sample.weight * m.variance() / n;
    difference += sample.weight * m.mean;
    variance += share;
    spread += share * share / (n - 1);
    freedom += n - 1;
  }
  return from_difference(difference, std::sqrt(variance), variance > 0 ? variance * variance / spread : freedom,
                         confidence);
}

TTest contrast_t(std::span<const WeightedSample> samples, double variance, double dof, double confidence) {
  double difference = 0, share = 0;
  for (const WeightedSample& sample : samples) {
    if (sample.values.empty()) return unknown();
    difference += sample.weight * moments(sample.values).mean;
    share += sample.weight * sample.weight / static_cast<double>(sample.values.size());
  }
  return from_difference(difference, std::sqrt(variance * share), dof, confidence);
}

TTest welch_t(std::span<const double> a, std::span<const double> b, double confidence) {
  const WeightedSample samples[] = {{a, 1}, {b, -1}};
  return contrast_t(samples, confidence);
}

TTest pooled_t(std::span<const double> a, std::span<const double> b, double confidence) {
  if (a.size() < 2 || b.size() < 2) return unknown();
  Moments first = moments(a), second = moments(b);
  auto n_a = static_cast<double>(first.n), n_b = static_cast<double>(second.n);
  double dof = n_a + n_b - 2;
  double variance = (first.squares + second.squares) / dof;
  return from_difference(first.mean - second.mean, std::sqrt(variance * (1 / n_a + 1 / n_b)), dof, confidence);
}

TTest paired_t(std::span<const double> a, std::span<const double> b, double confidence) {
  HASTEN_CHECK(a.size() == b.size(), "a paired test needs pairs");
  std::vector<double> differences(a.size());
  for (size_t i = 0; i < a.size(); ++i) differences[i] = a[i] - b[i];
  return one_sample_t(differences, 0, confidence);
}

MannWhitney mann_whitney(std::span<const double> a, std::span<const double> b) {
  MannWhitney result;
  if (a.empty() || b.empty()) return result;
  std::vector<double> all(a.begin(), a.end());
  all.insert(all.end(), b.begin(), b.end());
  std::sort(all.begin(), all.end());
  double ties = 0;  // sum of t^3 - t over groups of equal values
  for (size_t i = 0, end = 0; i < all.size(); i = end) {
    while (end < all.size() && all[end] == all[i]) ++end;
    auto equal = static_cast<double>(end - i);
    ties += equal * equal * equal - equal;
  }
  for (double x : a) {
    for (double y : b) result.u += x > y ? 1.0 : (x == y ? 0.5 : 0.0);
  }
  auto n_a = static_cast<double>(a.size()), n_b = static_cast<double>(b.size());
  result.superiority = result.u / (n_a * n_b);
  if (ties == 0 && a.size() <= 20 && b.size() <= 20) {
    result.p_less = exact_at_most(result.u, a.size(), b.size());
    result.p_greater = exact_at_most(n_a * n_b - result.u, a.size(), b.size());
  } else {
    double n = n_a + n_b, middle = n_a * n_b / 2;
    double sd = std::sqrt(n_a * n_b / 12 * ((n + 1) - ties / (n * (n - 1))));
    if (sd == 0) return result;
    result.p_less = normal_cdf((result.u - middle + 0.5) / sd);  // with the correction for continuity
    result.p_greater = normal_cdf((middle - result.u + 0.5) / sd);
  }
  result.p_two_sided = std::min(1.0, 2 * std::min(result.p_less, result.p_greater));
  return result;
}

double fisher_exact(int64_t a, int64_t n_a, int64_t b, int64_t n_b) {
  const int64_t marked = a + b;
  const auto chance = [&](int64_t k) { return hypergeometric_pdf(k, n_a, marked, n_a + n_b); };
  const double seen = chance(a) * (1 + 1e-7);  // tables as likely as this one may differ in the last digits
  double p = 0;
  for (int64_t k = std::max<int64_t>(0, marked - n_b); k <= std::min(marked, n_a); ++k) {
    if (const double each = chance(k); each <= seen) p += each;
  }
  return std::min(1.0, p);
}

std::vector<double> holm(std::span<const double> p_values) {
  std::vector<size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t i, size_t j) { return p_values[i] < p_values[j]; });
  std::vector<double> adjusted(p_values.size());
  double least = 0;
  for (size_t rank = 0; rank < order.size(); ++rank) {
    least = std::max(least, std::min(1.0, p_values[order[rank]] * static_cast<double>(order.size() - rank)));
    adjusted[order[rank]] = least;
  }
  return adjusted;
}

Ratio ratio_of_costs(std::span<const double> base, std::span<const double> method, double confidence) {
  Ratio ratio;
  std::vector<double> log_base, log_method;
  for (double cost : base) log_base.push_back(std::log(cost));
  for (double cost : method) log_method.push_back(std::log(cost));
  ratio.value = moments(base).mean / moments(method).mean;
  ratio.geometric = std::exp(moments(log_base).mean - moments(log_method).mean);
  TTest test = welch_t(log_base, log_method, confidence);
  ratio.has_interval = std::isfinite(test.low) && std::isfinite(test.high);
  ratio.low = std::exp(test.low);
  ratio.high = std::exp(test.high);
  ratio.p_two_sided = test.p_two_sided;
  ratio.dof = test.dof;
  return ratio;
}

}  // namespace hasten::stats
