// Which rows belong to the profiler steps that an analysis looks at. Of a view that is being made: its rows are all there,
// linked, and without step numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "hasten/trace/view.h"

namespace hasten::trace {

struct StepTimes {
  int64_t first_start = INT64_MAX, last_start = INT64_MIN, last_end = INT64_MIN;
};
using RowTest = std::function<bool(size_t place)>;

// What the host did before the last step started (or ended, where that is kept), and what it launched by then.
std::vector<uint8_t> before_the_cut(const View& view, const StepTimes& steps, const RowTest& device_side);

// HTA's rule for MTIA (filter_mtia_kernels_for_one_rank): the host from the first step's start to the last one's end,
// what that launched, and copies inside of a step, whose launches such files do not have.
std::vector<uint8_t> inside_mtia_steps(const View& view, const RowTest& is_step);
bool is_mtia(const Trace& trace);

}  // namespace hasten::trace
