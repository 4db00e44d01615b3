// DAWNBench's rule: the hours of the first row that reaches the threshold, and their cost.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hasten/evaluate/record.h"

namespace hasten::evaluate {

struct DawnbenchEntry {
  std::string id, task, hardware, framework, date;
  std::optional<double> hours, usd;           // to the threshold; null when it is never reached
  std::optional<double> hours_before;         // the row before: the truth lies between
  std::optional<double> epoch, value;         // of the row that counts
  std::optional<double> final_value, final_hours;
  int64_t rows = 0;
  bool falls_below = false;                   // a later row is below the threshold again
  bool clock_monotone = true;
};

// `threshold` replaces the benchmark's own.
DawnbenchEntry score_dawnbench(const Run& run, std::optional<double> threshold = std::nullopt);

// By task, then time; entries that never reach the threshold last.
void sort_entries(std::vector<DawnbenchEntry>& entries);

}  // namespace hasten::evaluate
