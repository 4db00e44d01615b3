// Normal and Student distributions (Boost.Math behind): cumulative probabilities and quantiles.
#pragma once

namespace hasten::stats {

double normal_cdf(double z);
double normal_quantile(double p);
double student_cdf(double t, double dof);       // dof > 0, need not be whole
double student_quantile(double p, double dof);
double fisher_cdf(double f, double dof_above, double dof_below);  // of a ratio of variances
double noncentral_student_cdf(double t, double dof, double noncentrality);

}  // namespace hasten::stats
