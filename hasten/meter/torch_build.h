// What this LibTorch can do on this machine.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace hasten {

struct TorchBuild {
  std::string version;
  bool cuda_built = false, cuda_available = false, mkldnn = false, bf16_native = false;
  int64_t threads = 1, gpus = 0;
  std::vector<std::string> gpu_names;
  std::string parallel_backend;
};
TorchBuild torch_build();

}  // namespace hasten
