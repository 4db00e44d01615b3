// Means and spreads of samples, in one pass and without cancellation.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace hasten::stats {

// Welford's running moments. A variance of fewer than two values is NaN: it is not known, not zero.
struct Moments {
  int64_t n = 0;
  double mean = 0;
  double squares = 0;  // sum of squared distances from the mean

  void add(double value);
  double variance() const;  // with n - 1
  double sd() const;
  double standard_error() const;  // of the mean
};

Moments moments(std::span<const double> values);

// Middle value; of an even count the mean of the two middle ones. Infinities count, so the median of {1, inf} is inf.
// NaN for no values.
double median(std::vector<double> values);

// Linear interpolation between order statistics, p in [0, 1] (Hyndman and Fan's type 7).
double quantile(std::vector<double> values, double p);

// The mean of the middle: floor(share * n) values are dropped at each end. share 0.25 gives the IQM.
double trimmed_mean(std::vector<double> values, double share);

double geometric_mean(std::span<const double> positive);

// Expected best of k draws without knowing more than these n results (Dodge et al. 2019, arXiv:1909.03004):
// sum over the sorted results v_i of v_i * ((i/n)^k - ((i-1)/n)^k). `maximize` false gives the expected least.
double expected_best(std::vector<double> results, int64_t k, bool maximize);

// MLPerf's mean: the fastest and the slowest are dropped. NaN for fewer than three values.
double olympic_mean(std::vector<double> values);

}  // namespace hasten::stats
