// The device that a run trains on.
#include "hasten/meter/device.h"

#include <ATen/Context.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/CachingDeviceAllocator.h>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/meter/nvml.h"

namespace hasten {
namespace {

int64_t gpus() { return at::hasCUDA() ? at::detail::getCUDAHooks().getNumGPUs() : 0; }

std::string what_is_there() {
  const int64_t count = gpus();
  if (count > 0) return cat(count, count == 1 ? " GPU" : " GPUs");
  return "no GPU that this LibTorch can use";
}

}  // namespace

at::Device find_device(const std::string& word, const std::string& where) {
  if (word == "auto") return gpus() > 0 ? at::Device(at::kCUDA, 0) : at::Device(at::kCPU);
  if (word == "cpu") return at::kCPU;
  const bool numbered = word.starts_with("cuda:") && word.size() > 5 && word.size() < 9 &&
                        word.find_first_not_of("0123456789", 5) == std::string::npos;
  if (word != "cuda" && !numbered)
    throw ConfigError(where, "auto, cpu, cuda or cuda:NUMBER", "'" + word + "'",
                      suggest(word, {"auto", "cpu", "cuda"}));
  const int64_t index = numbered ? std::stoll(word.substr(5)) : 0;
  if (index >= gpus()) {
    throw ConfigError(where, cat("GPU ", index), what_is_there(),
                      "'hasten doctor' says what this LibTorch was built for and what it sees");
  }
  return {at::kCUDA, static_cast<at::DeviceIndex>(index)};
}

std::string device_name(at::Device device) {
  if (!device.is_cuda()) return "";
  std::string why;
  const std::shared_ptr<Nvml> nvml = Nvml::open(why);
  if (nvml == nullptr) return "";
  const std::optional<NvmlFunctions::Device> found = nvml->find(device.index(), why);
  return found ? nvml->name(*found) : "";
}

std::optional<int64_t> peak_device_bytes(at::Device device) {
  if (!device.is_cuda()) return std::nullopt;
  const auto all = static_cast<size_t>(c10::CachingAllocator::StatType::AGGREGATE);
  return c10::getDeviceAllocator(device.type())->getDeviceStats(device.index()).allocated_bytes[all].peak;
}

}  // namespace hasten
