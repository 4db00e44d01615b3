// Options that compare, lint and report share: which runs, and how they are compared.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "hasten/evaluate/comparison.h"

namespace hasten::cli {

struct ComparisonFlags {
  std::vector<std::string> runs;
  std::string baseline, metric, cost, variant = "auto", workload, mapping;
  std::optional<double> target;
  std::vector<double> targets;
  double confidence = 0.95, alpha = 0.05, margin = 0.02;
  int64_t sustained = 3;
  std::vector<std::string> prices;  // as parse_group_price() reads them
};

void add_comparison_options(CLI::App& command, ComparisonFlags& flags);

// Reads the runs (run directories, or logs of a known format) and compares them, one comparison a workload.
std::vector<evaluate::Comparison> compare_runs(const ComparisonFlags& flags);

}  // namespace hasten::cli
