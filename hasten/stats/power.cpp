// Power of t tests, and what looking twice takes.
#include "hasten/stats/power.h"

#include <cmath>

#include "hasten/base/error.h"
#include "hasten/stats/distributions.h"

namespace hasten::stats {

double two_sample_power(int64_t n, double effect, double alpha) {
  double dof = 2.0 * static_cast<double>(n - 1);
  double noncentrality = effect * std::sqrt(static_cast<double>(n) / 2);
  double critical = student_quantile(1 - alpha / 2, dof);
  return 1 - noncentral_student_cdf(critical, dof, noncentrality) +
         noncentral_student_cdf(-critical, dof, noncentrality);
}

double one_sample_power(int64_t n, double effect, double alpha) {
  auto dof = static_cast<double>(n - 1);
  double critical = student_quantile(1 - alpha, dof);
  return 1 - noncentral_student_cdf(critical, dof, effect * std::sqrt(static_cast<double>(n)));
}

std::optional<double> smallest_detectable(int64_t n_a, int64_t n_b, double cv, double alpha, double power) {
  if (n_a < 2 || n_b < 2 || !std::isfinite(cv) || cv < 0) return std::nullopt;
  auto dof = static_cast<double>(n_a + n_b - 2);
  double errors = std::sqrt(1 / static_cast<double>(n_a) + 1 / static_cast<double>(n_b));
  return cv * errors * (student_quantile(1 - alpha / 2, dof) + student_quantile(power, dof));
}

int64_t runs_to_pass(double margin, double sd, double alpha, double power) {
  HASTEN_CHECK(margin > 0 && sd > 0, "a margin and a spread above zero");
  int64_t high = 2;
  while (one_sample_power(high, margin / sd, alpha) < power) high *= 2;
  int64_t low = high / 2;
  while (high - low > 1) {
    int64_t middle = low + (high - low) / 2;
    (one_sample_power(middle, margin / sd, alpha) < power ? low : high) = middle;
  }
  return high < 2 ? 2 : high;
}

double confidence_of_two_looks(double share, double confidence) {
  HASTEN_CHECK(share >= 0 && share <= 1, "a share of the runs");
  // Between one look and two that have nothing to do with each other.
  double low = normal_quantile(0.5 + confidence / 2), high = normal_quantile(0.5 + std::sqrt(confidence) / 2);
  for (int halving = 0; halving < 40; ++halving) {
    const double reach = (low + high) / 2;
    (both_within(reach, std::sqrt(share)) < confidence ? low : high) = reach;
  }
  return 2 * normal_cdf(high) - 1;
}

}  // namespace hasten::stats
