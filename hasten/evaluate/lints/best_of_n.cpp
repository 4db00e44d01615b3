// L32: the reported value is the best run, not the mean.
#include <algorithm>
#include <cmath>
#include <map>

#include "hasten/base/text.h"
#include "hasten/evaluate/lints/lints.h"

namespace hasten::evaluate::lints {
namespace {

// Whether a claimed value is the best run's, and cannot as well be the mean.
bool nearer(double claimed, double best, double mean) {
  double scale = std::abs(best);
  return std::abs(claimed - best) <= 1e-3 * scale && std::abs(claimed - mean) > 2e-3 * scale;
}

// A group that is a search, one run a trial: a claimed quality that the best trial has for being the best of them.
void check_search(const Comparison& comparison, const Group& group, double claimed, Check& out) {
  const Point& point = group.points[group.headline];
  if (point.runs.size() != 1) return;
  const RunRecord& kept = comparison.runs[point.runs.front()].record;
  std::map<double, int64_t> trials;  // by quality
  for (const Run* run : runs_of(comparison, group)) {
    const RunRecord& record = run->record;
    if (record.tuning.group != kept.tuning.group || !record.tuning.trial || budget_name(record) != budget_name(kept))
      continue;
    if (auto value = quality(*run, comparison.metric)) trials[*value] = *record.tuning.trial;
  }
  if (trials.size() < 2) return;
  const auto& [best, trial] = comparison.metric.direction == Direction::kMaximize ? *trials.rbegin() : *trials.begin();
  if (std::abs(claimed - best) > 1e-3 * std::abs(best)) return;
  out.fire(group.name, cat("the claimed quality ", number(claimed), " is that of trial ", trial, ", the best of ",
                           trials.size(), " that chose the settings; train them anew with other seeds"));
}

}  // namespace

Lint best_of_n() {
  return {
      "L32",
      "best-of-n-reported",
      Severity::kError,
      "The best of n grows with n.",
      "MLPerf forbids picking",
      [](const LintInput& input, Check& out) {
        const Comparison& comparison = input.comparison;
        for (const Pair* pair : claimed_pairs(input, out)) {
          const Group& method = comparison.groups[pair->method];
          const Point &point = method.points[method.headline],
                      &base = comparison.baseline().points[comparison.baseline().headline];
          if (input.claim->quality) check_search(comparison, method, *input.claim->quality, out);
          if (input.claim->quality && point.quality && point.runs.size() > 1) {
            const auto& values = point.quality->values;
            bool up = comparison.metric.direction == Direction::kMaximize;
            double best =
                up ? *std::max_element(values.begin(), values.end()) : *std::min_element(values.begin(), values.end());
            if (nearer(*input.claim->quality, best, point.quality->mean)) {
              out.fire(method.name,
                       cat("the claimed quality ", number(*input.claim->quality), " is that of its best run, ",
                           significant(best, 5), "; the mean is ", significant(point.quality->mean, 5)));
            }
          }
          auto cost = point.costs.find(input.claim->cost), base_cost = base.costs.find(input.claim->cost);
          if (!input.claim->speedup || cost == point.costs.end() || base_cost == base.costs.end() ||
              point.runs.size() < 2)
            continue;
          double least = *std::min_element(cost->second.values.begin(), cost->second.values.end());
          double most = *std::max_element(base_cost->second.values.begin(), base_cost->second.values.end());
          double mean = base_cost->second.mean / cost->second.mean;
          for (double best : {base_cost->second.mean / least, most / least}) {
            if (!nearer(*input.claim->speedup, best, mean)) continue;
            out.fire(method.name, cat("the claimed ", number(*input.claim->speedup), "x is that of its fastest run, ",
                                      fixed(best, 3), "x; the means give ", fixed(mean, 3), "x"));
            break;
          }
        }
      }};
}

}  // namespace hasten::evaluate::lints
