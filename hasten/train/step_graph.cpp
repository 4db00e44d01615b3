// Graphs of CUDA.
#include "hasten/train/step_graph.h"

#ifdef HASTEN_WITH_CUDA
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#endif

namespace hasten {

#ifdef HASTEN_WITH_CUDA
namespace {

class CudaStepGraph final : public StepGraph {
 public:
  // On a stream of its own, since the default one cannot be captured.
  void record(const std::function<void()>& body) override {
    const c10::cuda::CUDAStream stream = c10::cuda::getStreamFromPool();
    c10::cuda::device_synchronize();
    {
      c10::cuda::CUDAStreamGuard guard(stream);
      graph_.capture_begin();
      try {
        body();
      } catch (...) {
        graph_.capture_end();
        throw;
      }
      graph_.capture_end();
    }
    c10::cuda::device_synchronize();
  }
  void replay() override { graph_.replay(); }

 private:
  at::cuda::CUDAGraph graph_;
};

}  // namespace

MakeStepGraph cuda_step_graphs() {
  return [] { return std::make_unique<CudaStepGraph>(); };
}
#else
MakeStepGraph cuda_step_graphs() { return nullptr; }
#endif

}  // namespace hasten
