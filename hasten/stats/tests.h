// Tests of means, ranks and shares. One-sided alternatives are about the first sample: p_less is "its mean is lower".
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace hasten::stats {

struct TTest {
  double t = 0, dof = 0;
  double p_less = 1, p_greater = 1, p_two_sided = 1;
  double difference = 0;  // first mean minus second mean (or minus the constant)
  double low = 0, high = 0;  // two-sided interval of the difference
};

// Fewer than two values (or pairs) give NaN everywhere: nothing is known. Samples without any spread give t = +-inf
// (or t = 0 when the means agree).
TTest one_sample_t(std::span<const double> values, double mean, double confidence = 0.95);
TTest welch_t(std::span<const double> a, std::span<const double> b, double confidence = 0.95);
TTest paired_t(std::span<const double> a, std::span<const double> b, double confidence = 0.95);
TTest pooled_t(std::span<const double> a, std::span<const double> b, double confidence = 0.95);  // equal variances

// sum of weight x mean over independent samples that may differ in spread (Satterthwaite's degrees of freedom); welch_t is the
// one with weights 1 and -1. `difference` is that sum.
struct WeightedSample {
  std::span<const double> values;
  double weight = 1;
};
TTest contrast_t(std::span<const WeightedSample> samples, double confidence = 0.95);

// The same with one variance for all samples, known from elsewhere with `dof` degrees of freedom (the residual of an analysis of
// variance over more groups).
TTest contrast_t(std::span<const WeightedSample> samples, double variance, double dof, double confidence = 0.95);

struct MannWhitney {
  double u = 0;  // pairs where the first sample is larger; ties count half
  double superiority = 0;  // u / (n_a n_b): the chance that a value of a is larger
  double p_less = 1, p_greater = 1, p_two_sided = 1;  // exact without ties up to 20 + 20 values, else normal
};
MannWhitney mann_whitney(std::span<const double> a, std::span<const double> b);

// Fisher's exact test that two shares are one, a of n_a and b of n_b; two-sided: all tables with these sums that are no likelier.
double fisher_exact(int64_t a, int64_t n_a, int64_t b, int64_t n_b);

// Holm's step-down adjustment; adjusted values in the order given.
std::vector<double> holm(std::span<const double> p_values);

// How many times faster: costs of the baseline over costs of the method, all positive.
struct Ratio {
  double value = 0;  // ratio of the arithmetic means
  double geometric = 0;  // ratio of the geometric means: the middle of the interval
  double low = 0, high = 0;  // Welch interval of the mean difference of logs, back on the ratio's scale
  double p_two_sided = 1;  // that the ratio is 1
  double dof = 0;
  bool has_interval = false;  // false with fewer than two values on a side
};
Ratio ratio_of_costs(std::span<const double> base, std::span<const double> method, double confidence = 0.95);

}  // namespace hasten::stats
