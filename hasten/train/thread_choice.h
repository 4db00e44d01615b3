// How many threads the kernels of a small net are fastest with.
#pragma once

#include "hasten/spec/plan.h"

namespace hasten {

// Nets whose step takes more FLOPs than this use all threads: what waking them costs is then lost in the work.
constexpr double kSmallStepFlops = 4e9;

// 1 or `most`: measured by steps of a net of this plan on made-up data, for some 0.2 s. All threads unless one alone is
// clearly faster, or the model is not made from a plan.
int fastest_threads(const Plan& plan, int most);

}  // namespace hasten
