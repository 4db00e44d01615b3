// Start values of parameters.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string_view>

#include "hasten/spec/parameter_plan.h"

namespace hasten {

// A new float tensor as planned. Draws are keyed by (seed, full name), so adding a layer leaves the start of all
// others as it was. kFromData starts like uniform_fan_in until a method fills it.
at::Tensor initial_value(const ParameterPlan& plan, std::string_view full_name, uint64_t seed);

}  // namespace hasten
