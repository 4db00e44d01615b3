// Several workloads seen as one board: what the lints about scores need.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "hasten/evaluate/comparison.h"
#include "hasten/evaluate/scoring/profile.h"

namespace hasten::evaluate::lints {

// Times to target by AlgoPerf's rule: within a search the trial that reaches the target at the earliest evaluation, median
// over searches. Trials may tie at that evaluation with different times: `least` and `most` take one or the other.
struct BoardTable {
  TimeTable least, most;
  std::vector<std::string> ties;
};
BoardTable board_table(std::span<const Comparison> comparisons);

}  // namespace hasten::evaluate::lints
