// How many threads the kernels of a small net are fastest with.
#pragma once

#include <functional>

#include "hasten/spec/plan.h"

namespace hasten {

// Nets whose step takes more FLOPs than this use all threads: what waking them costs is then lost in the work.
constexpr double kSmallStepFlops = 4e9;

// 1 or `most`: measured by steps of a net of this plan on made-up data, for 0.15 to 0.5 s. All threads unless one alone is
// clearly faster, or the model is not made from a plan.
int fastest_threads(const Plan& plan, int most);

// Whether one thread is clearly faster by most rounds, each of which gives the time of a step with one thread over that with
// all: five rounds, and up to fifteen while more than a fifth disagree, since what else the machine does disturbs some.
bool one_is_faster(const std::function<double()>& time_ratio);

}  // namespace hasten
