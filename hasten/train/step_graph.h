// Work of a device that is recorded once and then replayed as one piece.
#pragma once

#include <functional>
#include <memory>

namespace hasten {

// A replay does the recorded operators again on the same memory: what the host computed with is as it was then, what lies
// on the device is read anew.
class StepGraph {
 public:
  virtual ~StepGraph() = default;
  // Records what `body` asks of the device; nothing of it is done yet. Tensors that it makes keep their memory while the
  // graph lives. Nothing in it may wait for the device.
  virtual void record(const std::function<void()>& body) = 0;
  virtual void replay() = 0;
};

using MakeStepGraph = std::function<std::unique_ptr<StepGraph>()>;

// Graphs of CUDA, in a build with a LibTorch that has it; else an empty function.
MakeStepGraph cuda_step_graphs();

}  // namespace hasten
