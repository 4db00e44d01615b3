// Computation in the planned number format.
#include "hasten/nn/autocast.h"

#include <ATen/autocast_mode.h>

namespace hasten {
namespace {

// An operator asks for the device of its own arguments.
constexpr std::array<at::DeviceType, PrecisionScope::kDeviceCount> kDevices{at::kCPU, at::kCUDA};

}  // namespace

PrecisionScope::PrecisionScope(Compute compute) : active_(compute != Compute::kFp32) {
  if (!active_) return;
  at::autocast::increment_nesting();
  for (size_t i = 0; i < kDevices.size(); ++i) {
    was_[i] = {at::autocast::is_autocast_enabled(kDevices[i]),
               static_cast<int>(at::autocast::get_autocast_dtype(kDevices[i]))};
    at::autocast::set_autocast_dtype(kDevices[i], at::kBFloat16);
    at::autocast::set_autocast_enabled(kDevices[i], true);
  }
}

PrecisionScope::~PrecisionScope() {
  if (!active_) return;
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  for (size_t i = 0; i < kDevices.size(); ++i) {
    at::autocast::set_autocast_enabled(kDevices[i], was_[i].enabled);
    at::autocast::set_autocast_dtype(kDevices[i], static_cast<at::ScalarType>(was_[i].type));
  }
}

}  // namespace hasten
