// Two traces side by side: operators and device work by name, and step times with bootstrap intervals.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hasten/trace/view.h"

namespace hasten::trace {

enum class Side : uint8_t { kHost, kDevice, kBoth };

struct CompareOptions {
  Side side = Side::kBoth;
  std::optional<int32_t> step_a, step_b;  // one profiler step each; none: all that are kept
  bool short_names = false;
};

struct Difference {
  std::string name;
  int64_t count_a = 0, count_b = 0;
  int64_t ticks_a = 0, ticks_b = 0;
  int64_t count_change() const { return count_b - count_a; }
  int64_t ticks_change() const { return ticks_b - ticks_a; }
};
// Every name of either trace, the largest change of time first.
std::vector<Difference> compare_by_name(const View& a, const View& b, const CompareOptions& options);

struct ChangedNames {
  std::vector<std::string> added, deleted, increased, decreased, unchanged;  // by count, as HTA's ops_diff sorts them
};
ChangedNames changed_names(const std::vector<Difference>& differences);

// Time per step, b over a. Steps are resampled with replacement, each trace by itself.
struct StepRatio {
  std::string what;  // "step", or the name of an operator
  double a_ns = 0, b_ns = 0;  // means per step
  double ratio = 0, low = 0, high = 0;
  size_t steps_a = 0, steps_b = 0;
  bool resolved() const { return steps_a >= 3 && steps_b >= 3; }
};
// The whole step first, then the names with the largest change, at most `most`. Without profiler steps: empty.
std::vector<StepRatio> compare_steps(const View& a, const View& b, size_t most, double confidence = 0.95,
                                     int resamples = 2000, uint64_t seed = 0);

}  // namespace hasten::trace
