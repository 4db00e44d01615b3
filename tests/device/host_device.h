// A device of its own whose memory is the host's: LibTorch keeps it apart from the CPU as it does a GPU, so a tensor that
// was left on the wrong side is found on any machine. Operators are the CPU's, and so are their bits.
#pragma once

#include <c10/core/Device.h>

#include "hasten/train/step_graph.h"

namespace hasten {

// Graphs of its operators: recording does nothing, as on a GPU, so what a step leaves is what replays did.
MakeStepGraph host_step_graphs();

// Registers it with LibTorch, once. An operator on tensors of both sides throws c10::Error, scalars apart.
at::Device host_device();

}  // namespace hasten
