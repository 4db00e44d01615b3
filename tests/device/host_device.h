// A device of its own whose memory is the host's: LibTorch keeps it apart from the CPU as it does a GPU, so a tensor that
// was left on the wrong side is found on any machine. Operators are the CPU's, and so are their bits.
#pragma once

#include <c10/core/Device.h>

namespace hasten {

// Registers it with LibTorch, once. An operator on tensors of both sides throws c10::Error, scalars apart.
at::Device host_device();

}  // namespace hasten
