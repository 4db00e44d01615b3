// Two runs side by side, each a trace or a folder of ranks: ranks are paired by their number.
#pragma once

#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

#include "hasten/trace/compare.h"
#include "hasten/trace/reader.h"

namespace hasten::trace {

struct RankTotals {
  std::filesystem::path path;
  int rank = 0, said = -1;  // `said`: in the file, -1 nothing
  bool rank_in_file = false;
  Totals totals;
};

struct RunComparison {
  std::vector<RankTotals> a, b;                   // by rank
  std::vector<std::pair<size_t, size_t>> pairs;   // places in a and b; only these are compared
  std::vector<size_t> only_a, only_b;             // ranks without a partner
  std::vector<Difference> names;
  std::vector<StepRatio> steps;   // of the pairs together; as many names as were asked for
  size_t step_names = 0;          // of `steps`, if all had been asked for
  std::vector<StepRatio> ranks;   // the whole step of each pair; where one has no steps: all left out
  double ns_per_tick = 1;
};

struct RunOptions {
  ReadOptions read;
  ViewOptions view;
  CompareOptions compare;
  StepOptions steps;
  std::optional<int> rank;  // only this one
  int threads = 0;          // 0: as many as cores
};

// Two single files are a pair whatever their ranks. Throws ConfigError when there is nothing to pair.
RunComparison compare_runs(const std::vector<std::filesystem::path>& a, const std::vector<std::filesystem::path>& b,
                           const RunOptions& options);

}  // namespace hasten::trace
