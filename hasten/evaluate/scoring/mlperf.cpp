// Reference convergence points, after MLPerf training's rules (training_rules.adoc, rcp_checker).
#include "hasten/evaluate/scoring/mlperf.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/base/text.h"
#include "hasten/stats/distributions.h"
#include "hasten/stats/moments.h"

namespace hasten::evaluate {
namespace {

std::vector<double> without_extremes(std::vector<double> values, int64_t dropped) {
  std::sort(values.begin(), values.end());
  auto size = static_cast<int64_t>(values.size());
  if (size <= 2 * dropped) return values;
  return {values.begin() + dropped, values.end() - dropped};
}

// The mean at which the equal-variance test is exactly at 5%, the submission having the reference's spread.
ConvergenceLimit limit_of(double mean, double sd, int64_t reference_runs, int64_t submission_runs) {
  auto n = static_cast<double>(reference_runs), m = static_cast<double>(submission_runs);
  double reach = stats::student_quantile(0.95, n + m - 2) * sd * std::sqrt(1 / n + 1 / m);
  ConvergenceLimit limit{mean, sd, reference_runs, std::max(0.0, mean - reach), 1};
  limit.max_speedup = limit.least_epochs > 0 ? mean / limit.least_epochs : HUGE_VAL;
  return limit;
}

int64_t counted(int64_t runs, int64_t dropped) { return runs > 2 * dropped ? runs - 2 * dropped : runs; }

// Between two batch sizes; as well founded as the smaller of the two.
ConvergenceLimit interpolated(double batch_size, const ReferenceConvergence& low, const ConvergenceLimit& at_low,
                              const ReferenceConvergence& high, const ConvergenceLimit& at_high, int64_t runs) {
  double share = (batch_size - low.batch_size) / (high.batch_size - low.batch_size);
  auto between = [&](double a, double b) { return a + share * (b - a); };
  return limit_of(between(at_low.mean, at_high.mean), between(at_low.sd, at_high.sd),
                  std::min(at_low.runs, at_high.runs), runs);
}

ConvergenceCheck judged(const ConvergenceLimit& limit, double mean, ReferenceKind kind) {
  ConvergenceCheck check{mean, limit, kind, mean < limit.least_epochs, 1};
  if (!check.too_fast && mean < limit.mean) check.normalization = limit.mean / mean;
  return check;
}

}  // namespace

std::optional<ConvergenceLimit> convergence_limit(const ReferenceConvergence& reference, int64_t runs,
                                                  int64_t dropped) {
  std::vector<double> kept = without_extremes(reference.epochs, dropped);
  auto size = static_cast<int64_t>(reference.epochs.size());
  if (size < 2 * dropped + 2 || counted(runs, dropped) < 1) return std::nullopt;
  stats::Moments m = stats::moments(kept);
  // The published checker takes the spread with n, not n - 1; its verdicts are reproduced.
  double sd = std::sqrt(m.squares / static_cast<double>(m.n));
  return limit_of(m.mean, sd, m.n, counted(runs, dropped));
}

std::vector<ReferenceConvergence> pruned(std::vector<ReferenceConvergence> points, int64_t runs, int64_t dropped) {
  auto limit = [&](const ReferenceConvergence& point) { return *convergence_limit(point, runs, dropped); };
  std::erase_if(points, [&](const auto& point) { return !convergence_limit(point, runs, dropped); });
  std::sort(points.begin(), points.end(), [](const auto& a, const auto& b) { return a.batch_size < b.batch_size; });
  if (points.empty()) return points;
  auto fastest = std::min_element(points.begin(), points.end(), [&](const auto& a, const auto& b) {
    return limit(a).least_epochs < limit(b).least_epochs;
  });
  points.erase(points.begin(), fastest);
  for (size_t i = 1; i + 1 < points.size();) {
    const ReferenceConvergence &left = points[i - 1], &right = points[i + 1];
    ConvergenceLimit expected =
        interpolated(points[i].batch_size, left, limit(left), right, limit(right), counted(runs, dropped));
    if (limit(points[i]).least_epochs > expected.least_epochs) {
      points.erase(points.begin() + static_cast<std::ptrdiff_t>(i));
      i = i > 1 ? i - 1 : 1;
    } else {
      ++i;
    }
  }
  return points;
}

std::optional<ConvergenceCheck> check_convergence(std::vector<ReferenceConvergence> reference, double batch_size,
                                                  const std::vector<double>& epochs, int64_t dropped) {
  auto runs = static_cast<int64_t>(epochs.size());
  if (epochs.empty()) return std::nullopt;
  double mean = stats::moments(without_extremes(epochs, dropped)).mean;
  reference = pruned(std::move(reference), runs, dropped);
  auto above = std::lower_bound(reference.begin(), reference.end(), batch_size,
                                [](const ReferenceConvergence& point, double size) { return point.batch_size < size; });
  if (above == reference.end()) return std::nullopt;
  ConvergenceLimit limit = *convergence_limit(*above, runs, dropped);
  if (above->batch_size == batch_size) return judged(limit, mean, ReferenceKind::kFound);
  if (above == reference.begin()) {
    ConvergenceCheck check = judged(limit, mean, ReferenceKind::kLargerBatch);
    return check.too_fast ? std::nullopt : std::optional(check);
  }
  auto below = std::prev(above);
  return judged(interpolated(batch_size, *below, *convergence_limit(*below, runs, dropped), *above, limit,
                             counted(runs, dropped)),
                mean, ReferenceKind::kInterpolated);
}

std::vector<ReferenceConvergence> read_references(const std::filesystem::path& file) {
  Json json = read_json(file);
  if (!json.is_object() || json.empty()) throw DataError(file.string(), "", "expected an object of reference points");
  std::vector<ReferenceConvergence> points;
  for (const auto& [name, point] : json.items()) {
    auto refuse = [&, name = name](const std::string& what) -> DataError {
      return {file.string(), "point " + name, what};
    };
    if (!point.is_object() || !point.contains("BS") || !point["BS"].is_number() || !(point["BS"].get<double>() > 0))
      throw refuse("expected a positive number as BS");
    if (!point.contains("Epochs to converge") || !point["Epochs to converge"].is_array())
      throw refuse("expected a list as \"Epochs to converge\"");
    ReferenceConvergence& one = points.emplace_back();
    one.batch_size = point["BS"].get<double>();
    if (point.contains("Benchmark") && point["Benchmark"].is_string()) one.benchmark = point["Benchmark"];
    for (const Json& epochs : point["Epochs to converge"]) {
      if (!epochs.is_number() || !(epochs.get<double>() > 0)) throw refuse("expected positive numbers of epochs");
      one.epochs.push_back(epochs.get<double>());
    }
  }
  return points;
}

}  // namespace hasten::evaluate
