// A trace analysis for a terminal.
#pragma once

#include <string>
#include <vector>

#include "hasten/diagnose/trace_verdict.h"
#include "hasten/report/table.h"
#include "hasten/trace/analysis.h"
#include "hasten/trace/rank_pairs.h"

namespace hasten::report {

// `methods`: names from the catalogue that relieve the verdict's bottleneck.
std::string trace_text(const trace::Analysis& analysis, const diagnose::TraceVerdict& verdict,
                       const std::vector<std::string>& methods, size_t top);
std::string compare_text(const trace::RunComparison& runs, size_t top);

// Parts used by the page as well. Times are milliseconds.
Table partition_table(const trace::Analysis& analysis);
Table kernel_table(const trace::RankAnalysis& rank, size_t top);
Table operator_table(const trace::RankAnalysis& rank, size_t top);
Table annotation_table(const trace::RankAnalysis& rank, size_t top);
Table path_table(const trace::RankAnalysis& rank);
Table collective_table(const trace::Ranks& ranks, size_t top);
std::vector<std::string> notes_on(const trace::RankAnalysis& rank);  // what was mended, left out, is missing
std::string verdict_line(const diagnose::TraceVerdict& verdict);

}  // namespace hasten::report
