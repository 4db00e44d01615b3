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
Json compare_json(const trace::RunComparison& runs);

// Writes partition.csv, kernels.csv, operators.csv, annotations.csv, idle.csv, queues.csv, copies.csv, launches.csv, critical_path.csv.
void write_trace_csv(const trace::Analysis& analysis, const std::filesystem::path& folder);
std::string csv_cell(std::string_view text);

}  // namespace hasten::report
