// How many threads the kernels of a small net are fastest with.
#pragma once

#include <functional>

#include "hasten/spec/plan.h"

namespace hasten {

// Nets whose step takes more FLOPs than this use all threads: what waking them costs is then lost in the work.
constexpr double kSmallStepFlops = 4e9;

// 1 or `most`: measured by steps of a net of this plan on made-up data, for 0.15 to 0.5 s. One unless all are clearly
// faster, since what else a step does has less to wake then, and the others are free; all if the model is not made from a plan.
int fastest_threads(const Plan& plan, int most);

// Whether one thread takes less than 1.05 of the time of all by most rounds, each of which gives the ratio of both: five rounds,
// and up to fifteen while more than a fifth disagree, since what else the machine does disturbs some.
bool one_will_do(const std::function<double()>& time_ratio);

}  // namespace hasten
