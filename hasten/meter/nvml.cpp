// NVIDIA's management library through dlopen.
#include "hasten/meter/nvml.h"

#include <dlfcn.h>

#include <array>
#include <cstdlib>

#include "hasten/base/text.h"

namespace hasten {
namespace {

template <class Function>
void find_symbol(void* library, const char* name, Function*& function) {
  function = reinterpret_cast<Function*>(dlsym(library, name));
}

// The address of a GPU on the bus. CUDA is there where somebody asks, or the answer is that it is not.
int cuda_address(int number, char* text, int length) {
  constexpr int kNoDriver = -1;
  void* library = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);  // never closed, as below
  if (library == nullptr) return kNoDriver;
  int (*init)(unsigned) = nullptr;
  int (*get)(int*, int) = nullptr;
  int (*address)(char*, int, int) = nullptr;
  find_symbol(library, "cuInit", init);
  find_symbol(library, "cuDeviceGet", get);
  find_symbol(library, "cuDeviceGetPCIBusId", address);
  if (!init || !get || !address) return kNoDriver;
  int device = 0;
  if (int code = init(0)) return code;
  if (int code = get(&device, number)) return code;
  return address(text, length, device);
}

}  // namespace

std::shared_ptr<Nvml> Nvml::open(std::string& why) {
  // Never closed: the library keeps threads and signal handlers of its own.
  void* library = dlopen("libnvidia-ml.so.1", RTLD_LAZY | RTLD_LOCAL);
  if (library == nullptr) {
    why = "no NVIDIA driver (libnvidia-ml.so.1)";
    return nullptr;
  }
  NvmlFunctions found;
  find_symbol(library, "nvmlInit_v2", found.init);
  find_symbol(library, "nvmlShutdown", found.shutdown);
  find_symbol(library, "nvmlDeviceGetCount_v2", found.count);
  find_symbol(library, "nvmlDeviceGetHandleByIndex_v2", found.device);
  find_symbol(library, "nvmlDeviceGetHandleByPciBusId_v2", found.device_at);
  found.cuda_address = cuda_address;
  find_symbol(library, "nvmlDeviceGetName", found.name);
  find_symbol(library, "nvmlDeviceGetTotalEnergyConsumption", found.energy_millijoules);
  find_symbol(library, "nvmlErrorString", found.error_text);
  return open(found, why);
}

std::shared_ptr<Nvml> Nvml::open(const NvmlFunctions& f, std::string& why) {
  if (!f.init || !f.shutdown || !f.count || !f.device || !f.name || !f.energy_millijoules || !f.error_text) {
    why = "the NVIDIA driver is older than the energy counters (release 410)";
    return nullptr;
  }
  if (int code = f.init()) {
    why = cat("NVML does not start: ", f.error_text(code));
    return nullptr;
  }
  return std::shared_ptr<Nvml>(new Nvml(f));
}

Nvml::~Nvml() { functions_.shutdown(); }

std::vector<std::string> Nvml::gpu_names() const {
  std::vector<std::string> names;
  unsigned count = 0;
  if (functions_.count(&count) != 0) return names;
  for (unsigned i = 0; i < count; ++i) {
    NvmlFunctions::Device device = nullptr;
    names.push_back(functions_.device(i, &device) == 0 ? name(device) : "unknown");
  }
  return names;
}

std::optional<NvmlFunctions::Device> Nvml::find(int number, std::string& why) const {
  const NvmlFunctions& f = functions_;
  NvmlFunctions::Device device = nullptr;
  std::array<char, 64> address{};
  int code = 0;
  if (f.cuda_address && f.device_at && f.cuda_address(number, address.data(), static_cast<int>(address.size())) == 0) {
    code = f.device_at(address.data(), &device);
  } else if (std::getenv("CUDA_VISIBLE_DEVICES") != nullptr) {
    why = "CUDA_VISIBLE_DEVICES is set, and CUDA's driver does not say which GPU that leaves";
    return std::nullopt;
  } else {
    code = f.device(static_cast<unsigned>(number), &device);
  }
  if (code == 0) return device;
  why = f.error_text(code);
  return std::nullopt;
}

std::string Nvml::name(NvmlFunctions::Device device) const {
  std::array<char, 96> name{};
  return functions_.name(device, name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

std::optional<double> Nvml::joules(NvmlFunctions::Device device, std::string& why) const {
  unsigned long long millijoules = 0;
  const int code = functions_.energy_millijoules(device, &millijoules);
  if (code == 0) return static_cast<double>(millijoules) * 1e-3;
  why = functions_.error_text(code);
  return std::nullopt;
}

}  // namespace hasten
