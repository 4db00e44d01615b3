// Normal, Student and their relatives (Boost.Math behind): cumulative probabilities and quantiles.
#pragma once

#include <cstdint>

namespace hasten::stats {

double normal_cdf(double z);
double normal_quantile(double p);
// That two standard normal variables of this correlation both lie within [-reach, reach].
double both_within(double reach, double correlation);
double student_cdf(double t, double dof);       // dof > 0, need not be whole
double student_quantile(double p, double dof);
double fisher_cdf(double f, double dof_above, double dof_below);  // of a ratio of variances
double noncentral_student_cdf(double t, double dof, double noncentrality);
// That `drawn` of `all`, of which `marked` have a mark, hold so many with one; a number that can come about.
double hypergeometric_pdf(int64_t marked_drawn, int64_t drawn, int64_t marked, int64_t all);

}  // namespace hasten::stats
