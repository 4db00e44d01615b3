// A trace analysis as one JSON document, and as CSV tables.
#pragma once

#include <filesystem>

#include "hasten/base/json.h"
#include "hasten/diagnose/trace_verdict.h"
#include "hasten/trace/analysis.h"
#include "hasten/trace/rank_pairs.h"

namespace hasten::report {

// Times in nanoseconds; with HTA's semantics in microseconds ("unit" says which). `top` rows of each long table, 0: all.
Json trace_json(const trace::Analysis& analysis, const diagnose::TraceVerdict& verdict, size_t top);
// Of each table that is cut, "rows_in_all" says how many rows it has.
Json compare_json(const trace::RunComparison& runs, size_t top = 0);

// Writes partition.csv, temporal.csv, kernel_types.csv, kernels.csv, operators.csv, annotations.csv, patterns.csv, idle.csv,
// queues.csv, copies.csv, launches.csv, critical_path.csv, collectives.csv.
void write_trace_csv(const trace::Analysis& analysis, const std::filesystem::path& folder);
std::string csv_cell(std::string_view text);

}  // namespace hasten::report
