// Reference convergence points, after MLPerf training's rules (training_rules.adoc, rcp_checker).
#include "hasten/evaluate/scoring/mlperf.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "hasten/stats/distributions.h"
#include "hasten/stats/moments.h"

namespace hasten::evaluate {
namespace {

std::vector<double> without_extremes(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  if (values.size() < 3) return values;
  return {values.begin() + 1, values.end() - 1};
}

double olympic(const ReferenceConvergence& point) { return stats::moments(without_extremes(point.epochs)).mean; }

}  // namespace

std::optional<ConvergenceLimit> convergence_limit(const ReferenceConvergence& reference, int64_t runs) {
  std::vector<double> kept = without_extremes(reference.epochs);
  auto n_submission = static_cast<double>(runs > 2 ? runs - 2 : runs);
  if (reference.epochs.size() < 4 || n_submission < 1) return std::nullopt;
  stats::Moments m = stats::moments(kept);
  auto n = static_cast<double>(m.n);
  // The mean at which the equal-variance test is exactly at 5%, the submission having the reference's spread.
  double reach = stats::student_quantile(0.95, n + n_submission - 2) * m.sd() * std::sqrt(1 / n + 1 / n_submission);
  ConvergenceLimit limit{m.mean, m.sd(), m.mean - reach, 1};
  limit.max_speedup = limit.mean / limit.least_epochs;
  return limit;
}

std::vector<ReferenceConvergence> pruned(std::vector<ReferenceConvergence> points) {
  std::sort(points.begin(), points.end(), [](const auto& a, const auto& b) { return a.batch_size < b.batch_size; });
  for (bool dropped = true; dropped;) {
    dropped = false;
    for (size_t i = 1; i + 1 < points.size(); ++i) {
      double left = olympic(points[i - 1]), right = olympic(points[i + 1]);
      double share =
          (points[i].batch_size - points[i - 1].batch_size) / (points[i + 1].batch_size - points[i - 1].batch_size);
      if (olympic(points[i]) <= left + share * (right - left)) continue;
      points.erase(points.begin() + static_cast<std::ptrdiff_t>(i));
      dropped = true;
      break;
    }
  }
  return points;
}

std::optional<ConvergenceCheck> check_convergence(std::vector<ReferenceConvergence> reference, double batch_size,
                                                  const std::vector<double>& epochs) {
  reference = pruned(std::move(reference));
  auto runs = static_cast<int64_t>(epochs.size());
  std::optional<ConvergenceLimit> limit;
  for (size_t i = 0; i < reference.size() && !limit; ++i) {
    if (reference[i].batch_size == batch_size) limit = convergence_limit(reference[i], runs);
    if (i == 0 || !(reference[i - 1].batch_size < batch_size && batch_size < reference[i].batch_size)) continue;
    auto low = convergence_limit(reference[i - 1], runs), high = convergence_limit(reference[i], runs);
    if (!low || !high) continue;
    double share = (batch_size - reference[i - 1].batch_size) / (reference[i].batch_size - reference[i - 1].batch_size);
    auto between = [&](double a, double b) { return a + share * (b - a); };
    limit = ConvergenceLimit{between(low->mean, high->mean), between(low->sd, high->sd),
                             between(low->least_epochs, high->least_epochs), 1};
    limit->max_speedup = limit->mean / limit->least_epochs;
  }
  if (!limit || epochs.empty()) return std::nullopt;
  ConvergenceCheck check;
  check.limit = *limit;
  check.mean = stats::moments(without_extremes(epochs)).mean;
  check.too_fast = check.mean < limit->least_epochs;
  if (!check.too_fast && check.mean < limit->mean) check.normalization = limit->mean / check.mean;
  return check;
}

}  // namespace hasten::evaluate
