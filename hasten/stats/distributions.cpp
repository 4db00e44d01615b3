// The only file that includes Boost.Math.
#include "hasten/stats/distributions.h"

#include <boost/math/distributions/fisher_f.hpp>
#include <boost/math/distributions/non_central_t.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>

namespace hasten::stats {
namespace {

namespace policies = boost::math::policies;
// Values instead of exceptions: a t of infinity is the answer for samples without spread.
using Policy = policies::policy<policies::overflow_error<policies::ignore_error>,
                                policies::domain_error<policies::ignore_error>, policies::promote_double<false>>;

}  // namespace

double normal_cdf(double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); }

double normal_quantile(double p) {
  return boost::math::quantile(boost::math::normal_distribution<double, Policy>(), p);
}

double student_cdf(double t, double dof) {
  if (std::isnan(t) || !(dof > 0)) return std::numeric_limits<double>::quiet_NaN();
  if (std::isinf(t)) return t > 0 ? 1.0 : 0.0;
  return boost::math::cdf(boost::math::students_t_distribution<double, Policy>(dof), t);
}

double student_quantile(double p, double dof) {
  if (!(dof > 0)) return std::numeric_limits<double>::quiet_NaN();
  return boost::math::quantile(boost::math::students_t_distribution<double, Policy>(dof), p);
}

double fisher_cdf(double f, double dof_above, double dof_below) {
  if (std::isnan(f) || !(dof_above > 0) || !(dof_below > 0)) return std::numeric_limits<double>::quiet_NaN();
  if (std::isinf(f)) return 1;
  return boost::math::cdf(boost::math::fisher_f_distribution<double, Policy>(dof_above, dof_below), f);
}

double noncentral_student_cdf(double t, double dof, double noncentrality) {
  return boost::math::cdf(boost::math::non_central_t_distribution<double, Policy>(dof, noncentrality), t);
}

}  // namespace hasten::stats
