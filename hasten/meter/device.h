// The device that a run trains on.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <optional>
#include <string>

namespace hasten {

// "cpu", "cuda", "cuda:1", or "auto": the first GPU that this LibTorch can use, else the CPU. Throws ConfigError naming
// `where` for other words and for a GPU that is not there.
at::Device find_device(const std::string& word, const std::string& where);

// "NVIDIA H100 80GB HBM3"; "" for the CPU, and for a GPU whose driver does not say.
std::string device_name(at::Device device);

// The most memory of the device that tensors had so far; nothing for the CPU.
std::optional<int64_t> peak_device_bytes(at::Device device);

}  // namespace hasten
