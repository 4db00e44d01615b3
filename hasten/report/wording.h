// How a comparison is put into words and cells: shared by the terminal, Markdown and HTML reports.
#pragma once

#include <string>
#include <vector>

#include "hasten/evaluate/comparison.h"
#include "hasten/report/table.h"

namespace hasten::report {

// "0.9043 ± 0.0011", "70.1s ± 0.7s", "unavailable".
std::string quality_cell(const std::optional<evaluate::Spread>& spread);
std::string cost_cell(const evaluate::Point& point, evaluate::Cost cost);

std::string metric_name(const evaluate::Metric& metric);        // "test/accuracy"
std::string target_text(const evaluate::Comparison& comparison);  // "0.9"; a measured one is rounded
std::string point_name(const evaluate::Group& group, const evaluate::Point& point);  // "fast @ 3ep"

// One row per group and budget: runs, quality, every cost, whether the mean meets the target.
Table summary_table(const evaluate::Comparison& comparison);
// One row per run.
Table runs_table(const evaluate::Comparison& comparison);
// The speedup at the targets asked for and over the common range.
Table speedup_table(const evaluate::Comparison& comparison, const std::vector<evaluate::SpeedupPoint>& speedups);
// The gain in quality at the costs of the measured budgets; no rows when the two sides have no common range of costs.
Table gain_table(const evaluate::Comparison& comparison, const evaluate::Pair& pair);

// Time to target in all four variants, a row a group: the mean, for crossings the bounds that the evaluations leave, and
// the ratio to the baseline. No rows without a target.
Table times_table(const evaluate::Comparison& comparison);
// Why a time there is unavailable, a sentence each.
std::vector<std::string> missing_times(const evaluate::Comparison& comparison);

// "Pareto frontier: fast @ 3ep (0.9060 at 28.0s), ...", one line a kind of points; none where nothing was measured.
std::vector<std::string> frontier_lines(const evaluate::Comparison& comparison);
// Cyclic points beside standard ones: how far each group's cyclic curve is off at its standard budgets.
std::vector<std::string> cyclic_lines(const evaluate::Comparison& comparison);
// Of searches whose trials are here: the best quality to expect after so many of them.
std::vector<std::string> search_lines(const evaluate::Comparison& comparison);

// "fast helps: 2.49x fewer train seconds to test/accuracy 0.9 (95% interval 2.41 to 2.58x)".
std::string headline(const evaluate::Comparison& comparison, const evaluate::Pair& pair);
// Further sentences: bounds by evaluations, other costs, tuning, smallest detectable speedup.
std::vector<std::string> details(const evaluate::Comparison& comparison, const evaluate::Pair& pair);

struct LintCounts {
  size_t fired = 0, errors = 0, clean = 0, not_checkable = 0;
};
LintCounts count_lints(const std::vector<evaluate::LintResult>& lints);
// The fired ones, errors first.
std::vector<const evaluate::LintResult*> fired_lints(const std::vector<evaluate::LintResult>& lints);

}  // namespace hasten::report
