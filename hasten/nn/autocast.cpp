// Computation in the planned number format.
#include "hasten/nn/autocast.h"

#include <ATen/autocast_mode.h>

namespace hasten {

PrecisionScope::PrecisionScope(Compute compute) : active_(compute != Compute::kFp32) {
  if (!active_) return;
  was_enabled_ = at::autocast::is_autocast_enabled(at::kCPU);
  was_type_ = static_cast<int>(at::autocast::get_autocast_dtype(at::kCPU));
  at::autocast::increment_nesting();
  at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
  at::autocast::set_autocast_enabled(at::kCPU, true);
}

PrecisionScope::~PrecisionScope() {
  if (!active_) return;
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  at::autocast::set_autocast_enabled(at::kCPU, was_enabled_);
  at::autocast::set_autocast_dtype(at::kCPU, static_cast<at::ScalarType>(was_type_));
}

}  // namespace hasten
