// What this LibTorch can do here.
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <torch/version.h>

#include "hasten/base/machine.h"
#include "hasten/meter/nvml.h"
#include "hasten/meter/torch_build.h"

namespace hasten {

TorchBuild torch_build() {
  TorchBuild build;
  build.version = TORCH_VERSION;
  const std::string settings = at::show_config();
  build.cuda_built =
      settings.find("USE_CUDA=1") != std::string::npos || settings.find("USE_CUDA=ON") != std::string::npos;
  build.cuda_available = at::hasCUDA();
  build.mkldnn = at::hasMKLDNN();
  // oneDNN takes bf16 from AVX-512 on, but without these instructions it is slower than fp32.
  const Machine machine = this_machine();
  build.bf16_native = machine.has("avx512_bf16") || machine.has("amx_bf16") || machine.has("bf16");
  build.threads = at::get_num_threads();
  if (build.cuda_available) build.gpus = at::detail::getCUDAHooks().getNumGPUs();
  std::string why;
  if (auto nvml = Nvml::open(why)) build.gpu_names = nvml->gpu_names();
#if AT_PARALLEL_OPENMP
  build.parallel_backend = "OpenMP";
#else
  build.parallel_backend = "native";
#endif
  return build;
}

}  // namespace hasten
