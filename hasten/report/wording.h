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
Table speedup_table(const evaluate::Comparison& comparison, const evaluate::Pair& pair);
// The gain in quality at the costs of the measured budgets; no rows when the two sides have no common range of costs.
Table gain_table(const evaluate::Comparison& comparison, const evaluate::Pair& pair);

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
