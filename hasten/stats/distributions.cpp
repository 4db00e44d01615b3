// The only file that includes Boost.Math.
#include "hasten/stats/distributions.h"

#include <boost/math/distributions/fisher_f.hpp>
#include <boost/math/distributions/hypergeometric.hpp>
#include <boost/math/distributions/non_central_t.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/quadrature/gauss_kronrod.hpp>
#include <cmath>
#include <limits>
#include <numbers>

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

double both_within(double reach, double correlation) {
  const double width = std::sqrt(1 - correlation * correlation);  // of the second, where the first is known
  if (!(width > 0)) return 2 * normal_cdf(reach) - 1;
  const auto both_at = [&](double first) {
    const double middle = correlation * first;
    return std::exp(-first * first / 2) *
           (normal_cdf((reach - middle) / width) - normal_cdf((-reach - middle) / width));
  };
  return boost::math::quadrature::gauss_kronrod<double, 31>::integrate(both_at, -reach, reach) /
         std::sqrt(2 * std::numbers::pi);
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

double hypergeometric_pdf(int64_t marked_drawn, int64_t drawn, int64_t marked, int64_t all) {
  const boost::math::hypergeometric_distribution<double, Policy> distribution(
      static_cast<unsigned>(marked), static_cast<unsigned>(drawn), static_cast<unsigned>(all));
  return boost::math::pdf(distribution, static_cast<unsigned>(marked_drawn));
}

}  // namespace hasten::stats
