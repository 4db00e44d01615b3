// Traces side by side: operators and device work by name, and step times with bootstrap intervals.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hasten/trace/view.h"

namespace hasten::trace {

enum class Side : uint8_t { kHost, kDevice, kBoth };
Side parse_side(std::string_view text);  // "host", "device", "both"; throws ConfigError
// What is counted by itself: a name, on the host or on the device. HTA doesn't tell them apart: kBoth.
using NameOnSide = std::pair<std::string, Side>;

struct CompareOptions {
  Side side = Side::kBoth;
  std::optional<int32_t> step_a, step_b;  // one profiler step each; none: all that are kept
  bool short_names = false;
};

struct Count {
  int64_t count = 0, ticks = 0;
};

// One trace reduced to what a comparison needs: the ranks of two runs together would not fit into memory.
struct Totals {
  std::map<NameOnSide, Count> names;
  double ns_per_tick = 1;
  // Nanoseconds by the number of the kept profiler step: of the step itself, and of each name inside it.
  std::map<int64_t, double> steps;
  std::map<NameOnSide, std::map<int64_t, double>> step_names;
};
Totals totals_of(const View& view, const CompareOptions& options, std::optional<int32_t> step);

struct Difference {
  std::string name;
  Side side = Side::kBoth;  // kHost or kDevice, but for HTA
  std::string suffix = {};  // " (host)", " (device)" where the name comes on both sides
  int64_t count_a = 0, count_b = 0;
  int64_t ticks_a = 0, ticks_b = 0;
  int64_t count_change() const { return count_b - count_a; }
  int64_t ticks_change() const { return ticks_b - ticks_a; }
};
// Every name of either side, summed over its ranks, the largest change of time first.
std::vector<Difference> compare_by_name(const std::vector<const Totals*>& a, const std::vector<const Totals*>& b);
std::vector<Difference> compare_by_name(const View& a, const View& b, const CompareOptions& options);

struct ChangedNames {
  std::vector<std::string> added, deleted, increased, decreased, unchanged;  // by count, as HTA's ops_diff sorts them
};
ChangedNames changed_names(const std::vector<Difference>& differences);

// Time per step, b over a. Steps are resampled with replacement, each side by itself.
struct StepRatio {
  std::string what;  // "step", or the name of an operator
  Side side = Side::kBoth;  // with `suffix`: of a name, as above
  std::string suffix = {};
  double a_ns = 0, b_ns = 0;  // means per step
  double ratio = 0, low = 0, high = 0;
  size_t steps_a = 0, steps_b = 0;
  bool resolved() const { return steps_a >= 3 && steps_b >= 3; }
};
struct StepOptions {
  size_t most = 15;  // names
  double confidence = 0.95;
  int resamples = 2000;
  uint64_t seed = 0;
};
// The whole step first, then the names with the largest change. Without profiler steps: empty. Ranks wait for each other, so
// their steps are not independent: what is resampled is the step, with the mean over its ranks, if every rank has it.
std::vector<StepRatio> compare_steps(const std::vector<const Totals*>& a, const std::vector<const Totals*>& b,
                                     const StepOptions& options = {});
std::vector<StepRatio> compare_steps(const View& a, const View& b, const StepOptions& options = {});
// How many names have steps on both sides: as many as compare_steps could give.
size_t count_step_names(const std::vector<const Totals*>& a, const std::vector<const Totals*>& b);

}  // namespace hasten::trace
