// Speedup of one method: time to target, and as a function of the target. Internal to the comparison.
#pragma once

#include <span>

#include "hasten/evaluate/comparison.h"

namespace hasten::evaluate {

// Whether these may stand in a ratio: there are some, and all are finite and above 0.
bool are_costs(std::span<const double> values);

// Costs of these runs, one by one; fewer where they are not of single runs, such as that of a common step.
struct RunCosts {
  const std::vector<size_t>& runs;
  const std::vector<double>& values;
};
// What is drawn independently. Runs of one host share its speed: where all name their hosts, more than one and fewer than
// runs, it is the mean of each host.
std::vector<double> independent_costs(const Comparison& comparison, const RunCosts& costs);
// Of the means over all runs, with an interval over what is drawn independently.
stats::Ratio cost_ratio(const Comparison& comparison, const RunCosts& base, const RunCosts& method);

// Costs to target of a point with a quality, and of the point of the group at which they are least. For crossings of
// single runs there is no time when any run misses: a miss is no number, and dropping it would flatter the group.
TargetTime point_time(const Comparison& comparison, const Group& group, const Point& point, Variant variant);
TargetTime target_time(const Comparison& comparison, const Group& group, Variant variant);

void fill_time_to_target(const Comparison& comparison, Pair& pair);
void fill_curves(const Comparison& comparison, Pair& pair);

}  // namespace hasten::evaluate
