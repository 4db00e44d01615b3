// Whether this process uses kernels of its own where there are any.
#pragma once

namespace hasten {

// Has all of the process go LibTorch's way from now on, or no longer: to compare results and speed.
void use_fused_kernels(bool use);
bool uses_fused_kernels();

}  // namespace hasten
