// Speedup of one method: time to target, and as a function of the target. Internal to the comparison.
#pragma once

#include "hasten/evaluate/comparison.h"

namespace hasten::evaluate {

// Costs to target of a group's headline runs, by the comparison's variant; empty when the group does not reach it
// (for crossings: when any run does not).
struct TargetCosts {
  std::vector<double> low, high;
};
TargetCosts target_costs(const Comparison& comparison, const Group& group);

void fill_time_to_target(const Comparison& comparison, Pair& pair);
void fill_curves(const Comparison& comparison, Pair& pair);

}  // namespace hasten::evaluate
