// What a number of runs can show: sample sizes and smallest detectable differences, from the noncentral t.
#pragma once

#include <cstdint>
#include <optional>

namespace hasten::stats {

// Power of a two-sided two-sample t test with n values a side, at a true difference of `effect` standard deviations.
double two_sample_power(int64_t n, double effect, double alpha = 0.05);

// Power of a one-sided one-sample t test.
double one_sample_power(int64_t n, double effect, double alpha);

// The smallest true relative difference that a comparison of n_a against n_b runs finds with this power, when times
// vary with coefficient `cv` from seed to seed: 0.07 means a speedup of 1.07x. The usual closed form, cv * (t_{1-alpha/2}
// + t_power) * sqrt(1/n_a + 1/n_b), which at three runs a side is 2% below the exact noncentral answer.
// nullopt with fewer than two runs on a side.
std::optional<double> smallest_detectable(int64_t n_a, int64_t n_b, double cv, double alpha = 0.05, double power = 0.9);

// Runs needed so that a one-sided test at alpha passes with this power when the true mean is `margin` past the
// target and runs vary by sd.
int64_t runs_to_pass(double margin, double sd, double alpha, double power = 0.9);

// Of the intervals at two looks at one comparison, the first at this share of the runs of the second, so that they hold
// together with `confidence` (Pocock, Biometrika 64, 1977): 0.9706 for 0.95 where the second has twice the runs.
double confidence_of_two_looks(double share, double confidence = 0.95);

}  // namespace hasten::stats
